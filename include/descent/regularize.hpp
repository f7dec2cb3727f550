// SPDX-License-Identifier: MIT
#pragma once

#include <descent/regularize/box.hpp>
#include <descent/regularize/elastic_net.hpp>
#include <descent/regularize/group_lasso.hpp>
#include <descent/regularize/groups.hpp>
#include <descent/regularize/l1.hpp>
#include <descent/regularize/l1_ball.hpp>
#include <descent/regularize/l2.hpp>
#include <descent/regularize/max_norm.hpp>
#include <descent/regularize/nuclear_norm.hpp>
#include <descent/regularize/penalty.hpp>
#include <descent/regularize/simplex.hpp>
#include <descent/regularize/sparse_group.hpp>
#include <descent/regularize/total_variation.hpp>
