// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/anneal.hpp>
#include <descent/schedule/constant.hpp>
#include <descent/schedule/cosine.hpp>
#include <descent/schedule/cosine_restarts.hpp>
#include <descent/schedule/exponential.hpp>
#include <descent/schedule/multistep.hpp>
#include <descent/schedule/one_cycle.hpp>
#include <descent/schedule/plateau.hpp>
#include <descent/schedule/polynomial.hpp>
#include <descent/schedule/schedule.hpp>
#include <descent/schedule/step.hpp>
#include <descent/schedule/warmup.hpp>
#include <descent/schedule/warmup_stable_decay.hpp>
