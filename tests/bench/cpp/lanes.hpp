// The rules of engine/kernel/lanes in C++: one opportunity, one settlement, one close for W configurations.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "table.hpp"  // written by comparator.py: namespaces param and reason, COUNT_BITS, COUNT_MAX
#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace bet {

constexpr int W = 128, WP = W + 8;
constexpr double INF = std::numeric_limits<double>::infinity();
constexpr int64_t NEVER = std::numeric_limits<int64_t>::max();

enum Staking { FLAT, PERCENT, KELLY, TARGET, KELLY_COLUMN };

// engine.kernel.lanes.stream.OPPORTUNITY
struct Row {
  int64_t decided_at, settled_at;
  double payoff, commission;
  int64_t bet_slot, event_slot, market_slot, competition;
  double is_void, has_close, clv;
  int64_t question, question_slot;
  double quoted, filled, odds, prob, edge, kelly, weight, size, least, draw;
  int64_t id;
};

struct alignas(64) Block {
  double p[param::COUNT][WP];
  double cash[WP], open[WP], peak[WP], drawdown[WP], halted[WP], cooling[WP], streak[WP], day_start[WP], staked[WP],
      blocked[WP], high[WP], max_drawdown[WP], losses[WP], longest[WP], won[WP], voids[WP], unsettled[WP], turnover[WP],
      commission[WP], clv[WP], unclosed[WP], warnings[WP], on_event[WP], on_competition[WP], taken[WP], stake[WP],
      market_pnl[WP], market_open[WP], base[WP], counts[reason::COUNT][WP];
  int64_t halt_end[WP], cool_end[WP];
  uint64_t counted[WP];
};

// eight lanes: one register of 512 bits, or what the compiler makes of it elsewhere
typedef double V __attribute__((vector_size(64)));
typedef int64_t M __attribute__((vector_size(64)));
typedef uint64_t U __attribute__((vector_size(64)));
inline V &at(double *row, int l) { return *reinterpret_cast<V *>(row + l); }
inline const V &at(const double *row, int l) { return *reinterpret_cast<const V *>(row + l); }
inline V all(double x) { return V{x, x, x, x, x, x, x, x}; }
inline M all(int64_t x) { return M{x, x, x, x, x, x, x, x}; }
inline V least(V a, V b) { return a < b ? a : b; }
inline V most(V a, V b) { return a > b ? a : b; }
#ifdef __AVX512F__
inline V down(V x) { return (V)_mm512_roundscale_pd((__m512d)x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline V up(V x) { return (V)_mm512_roundscale_pd((__m512d)x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
inline V near(V x) { return (V)_mm512_roundscale_pd((__m512d)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#else
inline V down(V x) { for (int l = 0; l < 8; l++) x[l] = std::floor(x[l]); return x; }
inline V up(V x) { for (int l = 0; l < 8; l++) x[l] = std::ceil(x[l]); return x; }
inline V near(V x) { for (int l = 0; l < 8; l++) x[l] = std::rint(x[l]); return x; }
#endif

// four units in the last place
inline V four_ulps(V x) { return all(4.0) * ((x + x * all(0x1p-53 * (1.0 + 0x1p-52))) - x); }
// a part of an amount, or the whole unit that it misses by its rounding only
inline V allowance(V part, V money) {
  const V product = part * money, above = up(product);
  return above <= product * all(1.0 + 0x1p-51) ? above : product;
}
// rounded down to steps, or up to the one that is at most four ulps above
inline V steps_of(V stake, V step) {
  const V steps = stake / step, above = up(steps) * step;
  return above - stake <= four_ulps(stake) ? above : down(steps) * step;
}
inline V whole_of(V stake) {
  const V above = up(stake);
  return above - stake <= four_ulps(stake) ? above : down(stake);
}
inline V stake_for_profit(V profit, V odds) {
  const V stake = profit / (odds - all(1.0)), whole = near(stake), returned = whole + profit;
  const V error = whole * odds - returned;
  return (error < all(0.0) ? -error : error) <= four_ulps(returned) ? whole : stake;
}

template <int RULE, bool WHOLE>
inline void decide(Block &b, const Row &r, bool base_is_cash, double tolerance) {
  const double net = r.edge - r.commission * r.prob * (r.odds - 1.0), odds = r.odds;
  const double full = RULE == KELLY ? net / ((r.odds - 1.0) * (1.0 - r.commission)) : r.kelly;
  const V draw = all(r.draw), size = all(r.size), floor_ = all(r.least);
  const V weight = all(r.weight), zero = all(0.0), one = all(1.0);
  const bool moved = !(r.filled * (1.0 + 1e-12) >= r.quoted * (1.0 - tolerance));
  for (int l = 0; l < W; l += 8) {
    const V cash = at(b.cash, l), open = at(b.open, l), equity = cash + open;
    const V base = base_is_cash ? at(b.base, l) : equity;
    const V warn = at(b.drawdown, l) >= at(b.p[param::DRAWDOWN_WARN_FRAC], l) ? at(b.p[param::DRAWDOWN_WARN_FACTOR], l) : one;
    V asked;
    if (RULE == FLAT) asked = at(b.p[param::AMOUNT_MINOR], l);
    else if (RULE == PERCENT) asked = at(b.p[param::FRACTION], l) * base;
    else if (RULE == TARGET) asked = stake_for_profit(at(b.p[param::AMOUNT_MINOR], l), all(odds));
    else asked = least(at(b.p[param::FRACTION], l) * all(full), at(b.p[param::STAKE_CAP_FRAC], l)) * base;
    const V wanted = asked * weight * warn;
    V stake = wanted;
    M cause = all(int64_t(reason::STAKE_MINIMUM));
    auto limit = [&](V headroom, int64_t code) {
      const M binds = headroom < stake;
      stake = binds ? headroom : stake;
      cause = binds ? all(code) : cause;
    };
    limit(allowance(at(b.p[param::BET_CAP_FRAC], l), equity), reason::CAP_BET);
    limit(allowance(at(b.p[param::EVENT_CAP_FRAC], l), equity) - at(b.on_event, l), reason::CAP_EVENT);
    limit(allowance(at(b.p[param::COMPETITION_CAP_FRAC], l), equity) - at(b.on_competition, l), reason::CAP_COMPETITION);
    limit(allowance(at(b.p[param::DAY_CAP_FRAC], l), at(b.day_start, l)) - at(b.staked, l), reason::CAP_DAY);
    limit(allowance(at(b.p[param::OPEN_CAP_FRAC], l), equity) - open, reason::CAP_OPEN);
    limit(size, reason::SIZE);
    limit(cash, reason::CASH);
    const V step = at(b.p[param::STAKE_INCREMENT_MINOR], l), minimum = at(b.p[param::STAKE_MIN_MINOR], l);
    stake = WHOLE ? whole_of(stake) : steps_of(stake, step);
    const V alone = WHOLE ? whole_of(wanted) : steps_of(wanted, step);
    const M enough = (stake >= minimum) & ~(stake < floor_), by_cap = (alone >= minimum) & ~(alone < floor_);
    M why = draw < at(b.p[param::REJECTION_FRAC], l) ? all(int64_t(reason::REJECTED)) : all(int64_t(reason::PLACED));
    why = moved ? all(int64_t(reason::PRICE_MOVED)) : why;
    why = enough ? why : (by_cap ? cause : all(int64_t(reason::STAKE_MINIMUM)));
    const V taken = at(b.taken, l);
    why = at(b.p[param::ONE_PER_MARKET], l) * taken == one ? all(int64_t(reason::ONE_PER_MARKET)) : why;
    why = at(b.cooling, l) == one ? all(int64_t(reason::BREAKER_STREAK)) : why;
    why = at(b.blocked, l) == one ? all(int64_t(reason::BREAKER_DAILY_LOSS)) : why;
    why = at(b.halted, l) == one ? all(int64_t(reason::BREAKER_DRAWDOWN)) : why;
    const M passes = (all(net) >= at(b.p[param::EDGE_MIN], l)) & (all(net) <= at(b.p[param::EDGE_MAX], l)) &
                     (all(odds) >= at(b.p[param::ODDS_MIN], l)) & (all(odds) <= at(b.p[param::ODDS_MAX], l));
    const M bets = passes & (why == all(int64_t(reason::PLACED)));
    const V placed = bets ? one : zero;
    stake = bets ? stake : zero;
    U &counted = *reinterpret_cast<U *>(b.counted + l);
    counted += ((U)(passes & all(int64_t(1)))) << (U)(why * COUNT_BITS);
    at(b.cash, l) = cash - stake;
    at(b.open, l) = open + stake;
    at(b.staked, l) += stake;
    at(b.clv, l) += placed * r.clv;
    at(b.taken, l) = most(taken, placed);
    at(b.stake, l) = stake;
  }
}

inline void count_stakes(const Block &b, double *row) {
  for (int l = 0; l < W; l += 8) at(row, l) += at(b.stake, l) > all(0.0) ? all(1.0) : all(0.0);
}

// SIGN of the payoff: what cannot happen is not asked
template <int SIGN>
inline void settle(Block &b, double payoff, bool charged) {
  const V zero = all(0.0), one = all(1.0);
  for (int l = 0; l < W; l += 8) {
    const V stake = at(b.stake, l), pnl = near(stake * payoff);
    at(b.cash, l) += stake + pnl;
    at(b.open, l) -= stake;
    if (charged) {
      at(b.market_pnl, l) += pnl;
      at(b.market_open, l) -= stake > zero ? one : zero;
    }
    if (SIGN > 0) {
      const V won = pnl > zero ? one : zero;
      at(b.won, l) += won;
      at(b.losses, l) *= one - won;
      at(b.streak, l) *= one - won * (one - at(b.cooling, l));
    } else if (SIGN < 0) {
      const V lost = pnl < zero ? one : zero, run = at(b.losses, l) + lost;
      at(b.losses, l) = run;
      at(b.longest, l) = most(at(b.longest, l), run);
      const V counts = lost * (one - at(b.cooling, l)), streak = at(b.streak, l) + counts;
      at(b.streak, l) = streak;
      at(b.warnings, l) += streak == at(b.p[param::STREAK_WARN], l) ? counts : zero;
    }
  }
}

inline void charge(Block &b, double rate) {
  const V zero = all(0.0);
  for (int l = 0; l < W; l += 8) {
    const V cash = at(b.cash, l), pnl = at(b.market_pnl, l);
    const M over = at(b.market_open, l) == zero;
    const V due = least(near(rate * most(pnl, zero)), cash), paid = over ? due : zero;
    at(b.cash, l) = cash - paid;
    at(b.commission, l) += paid;
    at(b.market_pnl, l) = over ? zero : pnl;
  }
}

inline bool close(Block &b) {
  const V zero = all(0.0), one = all(1.0), two = all(2.0);
  M off = all(int64_t(0));
  for (int l = 0; l < W; l += 8) {
    const V now = at(b.cash, l) + at(b.open, l), high = most(at(b.high, l), now);
    at(b.high, l) = high;
    at(b.max_drawdown, l) = most(at(b.max_drawdown, l), (high - now) / high);
    const V peak = most(at(b.peak, l), now), drawdown = peak > zero ? (peak - now) / peak : zero;
    at(b.peak, l) = peak;
    at(b.drawdown, l) = drawdown;
    const M halts = (at(b.halted, l) == zero) & (drawdown >= at(b.p[param::DRAWDOWN_STOP_FRAC], l));
    const M cools = (at(b.cooling, l) == zero) & (at(b.streak, l) >= at(b.p[param::STREAK_STOP], l));
    at(b.halted, l) = halts ? two : at(b.halted, l);
    at(b.cooling, l) = cools ? two : at(b.cooling, l);
    const V start = at(b.day_start, l);
    const M lost = (start > zero) & ((start - now) / start >= at(b.p[param::DAILY_LOSS_FRAC], l));
    at(b.blocked, l) = lost ? one : at(b.blocked, l);
    off |= halts | cools;
  }
  int64_t any = 0;
  for (int l = 0; l < 8; l++) any |= off[l];
  return any != 0;
}

inline int64_t earliest(const Block &b) {
  int64_t first = NEVER;
  for (int l = 0; l < W; l++) {
    if (b.halted[l] == 1.0 && b.halt_end[l] < first) first = b.halt_end[l];
    if (b.cooling[l] == 1.0 && b.cool_end[l] < first) first = b.cool_end[l];
  }
  return first;
}
inline int64_t after(int64_t instant, double span) {
  return span >= double(NEVER - instant) ? NEVER : instant + int64_t(span);
}
inline int64_t set_ends(Block &b, int64_t instant) {
  for (int l = 0; l < W; l++) {
    if (b.halted[l] == 2.0) { b.halted[l] = 1.0; b.halt_end[l] = after(instant, b.p[param::DRAWDOWN_RESET_AFTER_NS][l]); }
    if (b.cooling[l] == 2.0) { b.cooling[l] = 1.0; b.cool_end[l] = after(instant, b.p[param::STREAK_COOL_OFF_NS][l]); }
  }
  return earliest(b);
}
inline int64_t end_due(Block &b, int64_t instant) {
  for (int l = 0; l < W; l++) {
    if (b.halted[l] == 1.0 && b.halt_end[l] <= instant) {
      b.halted[l] = 0.0; b.peak[l] = b.cash[l] + b.open[l]; b.drawdown[l] = 0.0;
    }
    if (b.cooling[l] == 1.0 && b.cool_end[l] <= instant) { b.cooling[l] = 0.0; b.streak[l] = 0.0; }
  }
  return earliest(b);
}
inline void roll(Block &b) {
  for (int l = 0; l < W; l++) {
    b.day_start[l] = b.cash[l] + b.open[l];
    b.turnover[l] += b.staked[l];
    b.staked[l] = 0.0;
    b.blocked[l] = 0.0;
  }
}
inline void empty_counts(Block &b) {
  for (int r = 0; r < reason::COUNT; r++)
    for (int l = 0; l < W; l++) b.counts[r][l] += double((b.counted[l] >> (COUNT_BITS * r)) & COUNT_MAX);
  std::memset(b.counted, 0, sizeof b.counted);
}

}  // namespace bet
