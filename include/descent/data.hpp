// SPDX-License-Identifier: MIT
#pragma once

// Data: tables, their readers, cleaning, checks, splits, weights and scales. What only some programs need and all
// would compile stands apart:
// Apart: <descent/data/augmented.hpp>, images transformed anew in each epoch
// Apart: <descent/data/bag_of_words.hpp>, text as counts of words, with its <descent/data/tokenizer.hpp>
// Apart: <descent/data/cache.hpp>, a table packed into a file that loads bit for bit
// Apart: <descent/data/feature_scores.hpp>, what each feature tells about the target: variance and F scores
// Apart: <descent/data/hashed_words.hpp>, text as hashed counts, without a vocabulary
// Apart: <descent/data/image_color.hpp>, changes brightness, contrast and saturation
// Apart: <descent/data/image_crop.hpp>, cuts the middle or a random window
// Apart: <descent/data/image_cutout.hpp>, covers a random square
// Apart: <descent/data/image_file.hpp>, PNG and JPEG files
// Apart: <descent/data/image_flip.hpp>, mirrors
// Apart: <descent/data/image_folder.hpp>, a folder of images for each class
// Apart: <descent/data/image_normalize.hpp>, takes means out and scales
// Apart: <descent/data/image_resize.hpp>, bilinear or by area
// Apart: <descent/data/image_rotate.hpp>, turns
// Apart: <descent/data/image_transform.hpp>, what a transform of images is
// Apart: <descent/data/mixup.hpp>, mixed samples for networks
// Apart: <descent/data/mutual_information.hpp>, what each feature tells about the target, by entropy
// Apart: <descent/data/npz.hpp>, archives of arrays
// Apart: <descent/data/pca.hpp>, principal components
// Apart: <descent/data/prefetch.hpp>, the next batch made in a thread of its own; needs -pthread
// Apart: <descent/data/select.hpp>, keeps the best features
// Apart: <descent/data/stream.hpp>, files larger than memory in batches; needs -pthread
// Apart: <descent/data/text.hpp>, a table of texts and labels
// Apart: <descent/data/tf_idf.hpp>, weights of words
// Apart: <descent/data/token_sequences.hpp>, texts as rows of word numbers for nn::embedding
// Apart: <descent/data/tokenizer.hpp>, words of a text

#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/csv.hpp>
#include <descent/data/csv_options.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/duplicates.hpp>
#include <descent/data/folds.hpp>
#include <descent/data/group_folds.hpp>
#include <descent/data/gzip.hpp>
#include <descent/data/idx.hpp>
#include <descent/data/libsvm.hpp>
#include <descent/data/loading.hpp>
#include <descent/data/missing.hpp>
#include <descent/data/mixed_batch.hpp>
#include <descent/data/multi_target.hpp>
#include <descent/data/nd_array.hpp>
#include <descent/data/npy.hpp>
#include <descent/data/outliers.hpp>
#include <descent/data/repeated_folds.hpp>
#include <descent/data/row_view.hpp>
#include <descent/data/scaling.hpp>
#include <descent/data/sparse.hpp>
#include <descent/data/split.hpp>
#include <descent/data/time_series_folds.hpp>
#include <descent/data/unit_rows.hpp>
#include <descent/data/weigh.hpp>
