// SPDX-License-Identifier: MIT
#pragma once

// Hyperparameter search: spaces, trials, studies, samplers, schedulers, storage, model selection.
// Apart: <descent/search/architecture.hpp>, networks whose layers a study chooses
// Apart: <descent/search/network_cost.hpp>, parameters, multiplications and time of a network, and budgets of them
// Apart: <descent/search/one_shot.hpp>, architectures that share their weights in a supernet
// Apart: <descent/search/learning_curve.hpp>, scores against the number of rows, with a picture
// Apart: <descent/search/report.hpp>, a study as pictures and one HTML page
// Apart: <descent/search/score_curve.hpp>, what learning_curve and validation_curve give
// Apart: <descent/search/validation_curve.hpp>, scores against a hyperparameter, with a picture

#include <descent/search/asha.hpp>
#include <descent/search/bohb.hpp>
#include <descent/search/bootstrap.hpp>
#include <descent/search/cell_table.hpp>
#include <descent/search/cma_es.hpp>
#include <descent/search/cross_validation.hpp>
#include <descent/search/differential_evolution.hpp>
#include <descent/search/domain.hpp>
#include <descent/search/gaussian_process.hpp>
#include <descent/search/gp_regression.hpp>
#include <descent/search/grid.hpp>
#include <descent/search/halton.hpp>
#include <descent/search/hyperband.hpp>
#include <descent/search/importance.hpp>
#include <descent/search/in_memory.hpp>
#include <descent/search/latin_hypercube.hpp>
#include <descent/search/local_search.hpp>
#include <descent/search/median_stop.hpp>
#include <descent/search/nsga2.hpp>
#include <descent/search/patience_stop.hpp>
#include <descent/search/percentile_stop.hpp>
#include <descent/search/population.hpp>
#include <descent/search/preset.hpp>
#include <descent/search/progress_bar.hpp>
#include <descent/search/random.hpp>
#include <descent/search/record.hpp>
#include <descent/search/regularized_evolution.hpp>
#include <descent/search/sobol.hpp>
#include <descent/search/space.hpp>
#include <descent/search/storage.hpp>
#include <descent/search/study.hpp>
#include <descent/search/study_options.hpp>
#include <descent/search/study_result.hpp>
#include <descent/search/successive_halving.hpp>
#include <descent/search/threshold_stop.hpp>
#include <descent/search/touched.hpp>
#include <descent/search/tpe.hpp>
#include <descent/search/trial.hpp>
#include <descent/search/tune.hpp>
