// SPDX-License-Identifier: MIT
#pragma once

// Networks of layers, forward and backward by hand.

#include <descent/nn/activation.hpp>
#include <descent/nn/attention.hpp>
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
#include <descent/nn/gru.hpp>
#include <descent/nn/initializer.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/layer_norm.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/lstm.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/onnx.hpp>
#include <descent/nn/pad_channels.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/pass.hpp>
#include <descent/nn/positions.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/nn/sequence_pool.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/nn/softmax.hpp>
#include <descent/nn/transformer.hpp>
