// SPDX-License-Identifier: MIT
#pragma once

// Data: tables, their readers, cleaning, checks, splits, weights and scales.
// Apart: <descent/data/stream.hpp>, which needs <thread> and -pthread.

#include <descent/data/bag_of_words.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/cache.hpp>
#include <descent/data/check.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/csv.hpp>
#include <descent/data/csv_options.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/duplicates.hpp>
#include <descent/data/feature_scores.hpp>
#include <descent/data/folds.hpp>
#include <descent/data/gzip.hpp>
#include <descent/data/hashed_words.hpp>
#include <descent/data/idx.hpp>
#include <descent/data/libsvm.hpp>
#include <descent/data/missing.hpp>
#include <descent/data/mutual_information.hpp>
#include <descent/data/nd_array.hpp>
#include <descent/data/npy.hpp>
#include <descent/data/npz.hpp>
#include <descent/data/outliers.hpp>
#include <descent/data/pca.hpp>
#include <descent/data/scaling.hpp>
#include <descent/data/select.hpp>
#include <descent/data/sparse.hpp>
#include <descent/data/split.hpp>
#include <descent/data/text.hpp>
#include <descent/data/tf_idf.hpp>
#include <descent/data/tokenizer.hpp>
#include <descent/data/unit_rows.hpp>
#include <descent/data/weigh.hpp>
