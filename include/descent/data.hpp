// SPDX-License-Identifier: MIT
#pragma once

// Data: tables, their readers, cleaning, checks, splits, weights and scales. What only some programs need and all
// would compile stands apart:
// Apart: <descent/data/bag_of_words.hpp>, text as counts of words, with its <descent/data/tokenizer.hpp>
// Apart: <descent/data/cache.hpp>, a table packed into a file that loads bit for bit
// Apart: <descent/data/feature_scores.hpp>, what each feature tells about the target: variance and F scores
// Apart: <descent/data/hashed_words.hpp>, text as hashed counts, without a vocabulary
// Apart: <descent/data/mutual_information.hpp>, what each feature tells about the target, by entropy
// Apart: <descent/data/npz.hpp>, archives of arrays
// Apart: <descent/data/pca.hpp>, principal components
// Apart: <descent/data/select.hpp>, keeps the best features
// Apart: <descent/data/stream.hpp>, files larger than memory in batches; needs -pthread
// Apart: <descent/data/text.hpp>, a table of texts and labels
// Apart: <descent/data/tf_idf.hpp>, weights of words
// Apart: <descent/data/tokenizer.hpp>, words of a text

#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/csv.hpp>
#include <descent/data/csv_options.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/duplicates.hpp>
#include <descent/data/folds.hpp>
#include <descent/data/gzip.hpp>
#include <descent/data/idx.hpp>
#include <descent/data/libsvm.hpp>
#include <descent/data/missing.hpp>
#include <descent/data/nd_array.hpp>
#include <descent/data/npy.hpp>
#include <descent/data/outliers.hpp>
#include <descent/data/scaling.hpp>
#include <descent/data/sparse.hpp>
#include <descent/data/split.hpp>
#include <descent/data/unit_rows.hpp>
#include <descent/data/weigh.hpp>
