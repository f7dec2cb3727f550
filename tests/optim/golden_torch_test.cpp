// SPDX-License-Identifier: MIT
#include <descent/optim.hpp>

#include "optim/golden/compare.hpp"

using namespace descent;
using golden::example;

namespace {

// Each recipe takes its hyperparameters from the case, so that one row serves its variants. weight_decay is 0
// where a case has none.

std::string sgd_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, sgd{}, rate{e.hyper("lr")}));
}
std::string momentum_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, momentum{e.hyper("momentum"), e.hyper("dampening")},
                            rate{e.hyper("lr")}));
}
std::string nesterov_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, nesterov{e.hyper("momentum")}, rate{e.hyper("lr")}));
}
std::string adam_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")},
                            adam{e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps")}, rate{e.hyper("lr")}));
}
adamw adamw_rule(example const& e) {
    return {e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps"), e.hyper("weight_decay")};
}
std::string adamw_of(example const& e) { return compare(e, chain(adamw_rule(e), rate{e.hyper("lr")})); }
amsgrad amsgrad_rule(example const& e) { return {e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps")}; }
std::string amsgrad_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, amsgrad_rule(e), rate{e.hyper("lr")}));
}
std::string amsgrad_decoupled(example const& e) {
    return compare(e, chain(amsgrad_rule(e), decay{e.hyper("weight_decay")}, rate{e.hyper("lr")}));
}
std::string adamax_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")},
                            adamax{e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps")}, rate{e.hyper("lr")}));
}
nadam nadam_rule(example const& e) {
    return {e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps"), e.hyper("momentum_decay")};
}
std::string nadam_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, nadam_rule(e), rate{e.hyper("lr")}));
}
std::string nadam_decoupled(example const& e) {
    return compare(e, chain(nadam_rule(e), decay{e.hyper("weight_decay")}, rate{e.hyper("lr")}));
}
radam radam_rule(example const& e) { return {e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps")}; }
std::string radam_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, radam_rule(e), rate{e.hyper("lr")}));
}
std::string radam_decoupled(example const& e) {
    return compare(e, chain(radam_rule(e), decay{e.hyper("weight_decay")}, rate{e.hyper("lr")}));
}
std::string adagrad_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")},
                            adagrad{e.hyper("eps"), e.hyper("lr_decay"), e.hyper("initial_accumulator_value")},
                            rate{e.hyper("lr")}));
}
std::string adadelta_of(example const& e) {
    return compare(
        e, chain(l2{e.hyper("weight_decay")}, adadelta{e.hyper("rho"), e.hyper("eps")}, rate{e.hyper("lr")}));
}
std::string rmsprop_of(example const& e) {
    return compare(
        e, chain(l2{e.hyper("weight_decay")}, rmsprop{e.hyper("alpha"), e.hyper("eps")}, rate{e.hyper("lr")}));
}
std::string rmsprop_momentum(example const& e) {
    return compare(e, chain(rmsprop{e.hyper("alpha"), e.hyper("eps")}, momentum{e.hyper("momentum")},
                            rate{e.hyper("lr")}));
}
std::string rmsprop_centered_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")}, rmsprop_centered{e.hyper("alpha"), e.hyper("eps")},
                            momentum{e.hyper("momentum")}, rate{e.hyper("lr")}));
}
std::string rprop_of(example const& e) {
    return compare(e, rprop{e.hyper("lr"), e.hyper("eta_minus"), e.hyper("eta_plus"), e.hyper("step_min"),
                            e.hyper("step_max")});
}
std::string asgd_of(example const& e) {
    return compare(e, chain(l2{e.hyper("weight_decay")},
                            asgd{e.hyper("lr"), e.hyper("lambd"), e.hyper("alpha"), e.hyper("t0")}));
}
std::string adafactor_of(example const& e) {
    return compare(e, adafactor{.rate = e.hyper("lr"),
                                .beta2_decay = -e.hyper("beta2_decay"),
                                .epsilon2 = e.hyper("eps2"),
                                .clip = e.hyper("d"),
                                .decay = e.hyper("weight_decay")});
}
std::string clip_norm_of(example const& e) {
    return compare(e, chain(clip_norm{e.hyper("max_norm"), 1e-6}, rate{e.hyper("lr")}));
}
std::string momentum_step(example const& e) {
    return compare(e, chain(momentum{e.hyper("momentum")},
                            rate{step{e.hyper("lr"), std::int64_t(e.hyper("every")), e.hyper("factor")}}));
}
std::string adamw_cosine(example const& e) {
    return compare(
        e, chain(adamw_rule(e), rate{cosine{e.hyper("lr"), std::int64_t(e.hyper("steps")), e.hyper("floor")}}));
}
std::string adamw_groups(example const& e) {
    auto other = adamw_rule(e);
    other.decay = e.hyper("weight_decay_small");
    return compare(e, chain(adamw_rule(e), rate{e.hyper("lr")}), [&](auto& opt) {
        opt.group("bias", chain(other, rate{e.hyper("lr_small")}));
        opt.group("scalar", chain(other, rate{e.hyper("lr_small")}));
    });
}
std::string swa_of(example const& e) {
    return compare(e, chain(momentum{e.hyper("momentum")}, rate{e.hyper("lr")},
                            swa{std::int64_t(e.hyper("first")), std::int64_t(e.hyper("every"))}));
}
std::string ema_torch(example const& e) {
    return compare(e, chain(momentum{e.hyper("momentum")}, rate{e.hyper("lr")}, ema{e.hyper("decay")}));
}
template <muon_scale Scale>
std::string muon_of(example const& e) {
    return compare(e, chain(muon{.beta = e.hyper("momentum"),
                                 .decay = e.hyper("weight_decay"),
                                 .nesterov = e.hyper("nesterov") != 0,
                                 .scale = Scale,
                                 .a = e.hyper("ns_a"),
                                 .b = e.hyper("ns_b"),
                                 .c = e.hyper("ns_c"),
                                 .epsilon = e.hyper("eps"),
                                 .steps = int(e.hyper("ns_steps"))},
                            rate{e.hyper("lr")}));
}

}  // namespace

std::vector<golden::row> golden::torch_rows() {
    return {
        {"sgd", sgd_of},
        {"sgd_l2", sgd_of},
        {"momentum", momentum_of},
        {"momentum_l2", momentum_of},
        {"momentum_dampening", momentum_of},
        {"momentum_dampening_l2", momentum_of},
        {"nesterov", nesterov_of},
        {"nesterov_l2", nesterov_of},
        {"adam", adam_of},
        {"adam_betas", adam_of},
        {"adam_l2", adam_of},
        {"adamw", adamw_of},
        {"adamw_decay", adamw_of},
        {"amsgrad", amsgrad_of},
        {"amsgrad_l2", amsgrad_of},
        {"amsgrad_decoupled", amsgrad_decoupled},
        {"adamax", adamax_of},
        {"adamax_l2", adamax_of},
        {"nadam", nadam_of},
        {"nadam_l2", nadam_of},
        {"nadam_decoupled", nadam_decoupled},
        {"radam", radam_of},
        {"radam_short", radam_of},
        {"radam_l2", radam_of},
        {"radam_decoupled", radam_decoupled},
        {"adagrad", adagrad_of},
        {"adagrad_lr_decay", adagrad_of},
        {"adagrad_l2", adagrad_of},
        {"adadelta", adadelta_of},
        {"adadelta_l2", adadelta_of},
        {"rmsprop", rmsprop_of},
        {"rmsprop_l2", rmsprop_of},
        {"rmsprop_momentum", rmsprop_momentum},
        {"rmsprop_centered", rmsprop_centered_of},
        {"rmsprop_both", rmsprop_centered_of},
        {"rmsprop_both_l2", rmsprop_centered_of},
        {"rprop", rprop_of},
        {"rprop_bounds", rprop_of},
        {"asgd", asgd_of},
        {"asgd_l2", asgd_of},
        {"adafactor", adafactor_of},
        {"adafactor_decay", adafactor_of},
        {"clip_norm_torch", clip_norm_of},
        {"clip_norm_torch_idle", clip_norm_of},
        {"momentum_step", momentum_step},
        {"adamw_cosine", adamw_cosine},
        {"adamw_groups", adamw_groups},
        {"swa", swa_of},
        {"swa_late", swa_of},
        {"ema_torch", ema_torch},
        {"muon", muon_of<muon_scale::original>},
        {"muon_bfloat16", muon_of<muon_scale::original>},
        {"muon_plain", muon_of<muon_scale::original>},
        {"muon_match_rms", muon_of<muon_scale::match_rms_adamw>},
    };
}
