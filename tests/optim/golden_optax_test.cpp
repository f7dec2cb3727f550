// SPDX-License-Identifier: MIT
#include <descent/optim.hpp>

#include "optim/golden/compare.hpp"

using namespace descent;
using golden::example;

namespace {

adam adam_rule(example const& e) { return {e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps")}; }

std::string lion_of(example const& e) {
    return compare(e, chain(lion{e.hyper("beta1"), e.hyper("beta2")}, decay{e.hyper("weight_decay")},
                            rate{e.hyper("lr")}));
}
std::string yogi_of(example const& e) {
    return compare(e, chain(yogi{e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps"), e.hyper("initial")},
                            rate{e.hyper("lr")}));
}
std::string adabelief_of(example const& e) {
    return compare(e, chain(adabelief{e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps"), e.hyper("eps_root")},
                            rate{e.hyper("lr")}));
}
std::string lars_of(example const& e) {
    return compare(e, chain(lars{e.hyper("trust_coefficient"), e.hyper("momentum"), e.hyper("weight_decay"),
                                 e.hyper("eps")},
                            rate{e.hyper("lr")}));
}
std::string lars_nesterov(example const& e) {
    return compare(e,
                   chain(l2{e.hyper("weight_decay")}, trust_ratio{e.hyper("trust_coefficient"), e.hyper("eps")},
                         nesterov{e.hyper("momentum")}, rate{e.hyper("lr")}));
}
std::string lamb_of(example const& e) {
    return compare(e, chain(lamb{e.hyper("beta1"), e.hyper("beta2"), e.hyper("eps"), e.hyper("weight_decay")},
                            rate{e.hyper("lr")}));
}
std::string sign_sgd_of(example const& e) { return compare(e, chain(sign_sgd{}, rate{e.hyper("lr")})); }
std::string momentum_averaged(example const& e) {
    return compare(e, chain(momentum{.beta = e.hyper("momentum"), .averaged = true}, rate{e.hyper("lr")}));
}
std::string momentum_decoupled(example const& e) {
    return compare(e,
                   chain(momentum{e.hyper("momentum")}, decay{e.hyper("weight_decay")}, rate{e.hyper("lr")}));
}
std::string clip_of(example const& e) {
    return compare(e, chain(clip{e.hyper("max_delta")}, rate{e.hyper("lr")}));
}
std::string clip_norm_of(example const& e) {
    return compare(e, chain(clip_norm{e.hyper("max_norm")}, rate{e.hyper("lr")}));
}
std::string clip_adam_decay_rate(example const& e) {
    return compare(e, chain(clip_norm{e.hyper("max_norm")}, adam_rule(e), decay{e.hyper("weight_decay")},
                            rate{e.hyper("lr")}));
}
std::string adam_polynomial(example const& e) {
    return compare(e, chain(adam_rule(e), rate{polynomial{e.hyper("start"), std::int64_t(e.hyper("steps")),
                                                          e.hyper("end"), e.hyper("power")}}));
}
std::string adam_cosine(example const& e) {
    return compare(e, chain(adam_rule(e),
                            rate{cosine{e.hyper("peak"), std::int64_t(e.hyper("steps")), e.hyper("floor")}}));
}
lookahead lookahead_rule(example const& e) {
    return {std::int64_t(e.hyper("sync_period")), e.hyper("slow_step_size")};
}
std::string lookahead_sgd(example const& e) {
    return compare(e, chain(sgd{}, rate{e.hyper("lr")}, lookahead_rule(e)));
}
std::string lookahead_adam(example const& e) {
    return compare(e, chain(adam_rule(e), rate{e.hyper("lr")}, lookahead_rule(e)));
}
std::string accumulate_adam(example const& e) {
    return compare(e, chain(accumulate{std::int64_t(e.hyper("every"))}, adam_rule(e), rate{e.hyper("lr")}));
}
template <ema_origin Origin>
std::string ema_of(example const& e) {
    return compare(e, chain(momentum{e.hyper("momentum")}, rate{e.hyper("lr")}, ema{e.hyper("decay"), Origin}));
}

}  // namespace

std::vector<golden::row> golden::optax_rows() {
    return {
        {"lion", lion_of},
        {"lion_decay", lion_of},
        {"yogi", yogi_of},
        {"yogi_betas", yogi_of},
        {"adabelief", adabelief_of},
        {"lars", lars_of},
        {"lars_decay", lars_nesterov},
        {"lamb", lamb_of},
        {"lamb_decay", lamb_of},
        {"sign_sgd", sign_sgd_of},
        {"momentum_averaged", momentum_averaged},
        {"momentum_decoupled", momentum_decoupled},
        {"clip", clip_of},
        {"clip_norm", clip_norm_of},
        {"clip_norm_idle", clip_norm_of},
        {"clip_adam_decay_rate", clip_adam_decay_rate},
        {"adam_polynomial", adam_polynomial},
        {"adam_cosine", adam_cosine},
        {"lookahead_sgd", lookahead_sgd},
        {"lookahead_adam", lookahead_adam},
        {"accumulate_adam", accumulate_adam},
        {"ema", ema_of<ema_origin::start>},
        {"ema_debiased", ema_of<ema_origin::unbiased>},
    };
}
