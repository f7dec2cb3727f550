// SPDX-License-Identifier: MIT
#pragma once

// Networks of layers, forward and backward by hand. What only some programs need and all would compile stands apart:
// Apart: <descent/nn/attention.hpp>, multi-head self-attention
// Apart: <descent/nn/candidates.hpp>, layers side by side of which one runs, in supernets
// Apart: <descent/nn/choice.hpp>, a layer whose kind a program chooses
// Apart: <descent/nn/device_network.hpp>, networks on a device; <descent/cuda.cuh> includes it
// Apart: <descent/nn/graph.hpp>, layers in an order that a program chooses
// Apart: <descent/nn/gru.hpp>, gated recurrent units
// Apart: <descent/nn/load.hpp>, weights from and to safetensors files
// Apart: <descent/nn/lstm.hpp>, long short-term memory
// Apart: <descent/nn/onnx.hpp>, networks as ONNX files
// Apart: <descent/nn/positions.hpp>, positions of steps, sinusoidal and learned
// Apart: <descent/nn/profile.hpp>, time and memory of each layer
// Apart: <descent/nn/resnet.hpp>, residual networks for small images
// Apart: <descent/nn/transformer.hpp>, the transformer's encoder block
// Apart: <descent/nn/watch.hpp>, what each layer reads and gives

#include <descent/nn/activation.hpp>
#include <descent/nn/average_pool.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/builder.hpp>
#include <descent/nn/conv1d.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/drop_path.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/embedding.hpp>
#include <descent/nn/extent2.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/initializer.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/layer_norm.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/pad_channels.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/pass.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequence_pool.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/nn/softmax.hpp>
