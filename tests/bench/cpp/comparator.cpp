// A sweep in C++ with the rules of the kernel: what the machine gives to the same algorithm.
//   comparator FOLDER THREADS REPEATS OUT
// FOLDER holds classes.txt (a line a class: number, rows, codes, configurations, slots of bets, events, competitions,
// markets, questions, midnights) and for each class its rows, edges, odds, codes, clustered matrix and midnights.
// Timed is what follows the preparation of a class: compaction of the stream a block, and the walk.
#include "lanes.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace bet;

template <class T> std::vector<T> read(const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) { std::fprintf(stderr, "no file %s\n", path.c_str()); std::exit(2); }
  std::vector<T> data(size_t(file.tellg()) / sizeof(T));
  file.seekg(0);
  file.read(reinterpret_cast<char *>(data.data()), std::streamsize(data.size() * sizeof(T)));
  return data;
}

struct Class {
  std::vector<Row> rows;
  std::vector<double> edges, odds, matrix;
  std::vector<int64_t> codes, midnights;
  int64_t configurations, bets, events, competitions, markets, questions, first;
};

struct Slots {
  double *bets, *events, *competitions, *market_pnl, *market_open, *taken;
  std::vector<int64_t> owner;
  std::unique_ptr<double, decltype(&std::free)> all{nullptr, &std::free};
  explicit Slots(const Class &c) : owner(size_t(c.questions), -1) {
    const int64_t sizes[] = {c.bets, c.events, c.competitions, c.markets, c.markets, c.questions};
    int64_t total = 0;
    for (int64_t n : sizes) total += n;
    const size_t bytes = size_t(std::max<int64_t>(total, 1)) * W * sizeof(double);
    all.reset(static_cast<double *>(std::aligned_alloc(64, bytes)));
    std::memset(all.get(), 0, bytes);
    double **places[] = {&bets, &events, &competitions, &market_pnl, &market_open, &taken};
    double *at = all.get();
    for (int n = 0; n < 6; n++) { *places[n] = at; at += sizes[n] * W; }
  }
};

struct Limits { bool one_per_market, event, competition, base_is_cash, whole; int staking; double tolerance; };

template <int RULE, bool WHOLE>
static void walk(Block &b, const Class &c, const std::vector<int64_t> &codes, Slots &s, const Limits &has) {
  size_t k = 0, day = 0, n = codes.size();
  int visits = 0;
  int64_t next_end = NEVER;
  auto in = [](double *to, const double *from) { std::memcpy(to, from, W * sizeof(double)); };
  while (true) {
    int64_t instant = NEVER;
    if (k < n) { const Row &r = c.rows[size_t(codes[k] >> 1)]; instant = codes[k] & 1 ? r.decided_at : r.settled_at; }
    if (day < c.midnights.size()) instant = std::min(instant, c.midnights[day]);
    if (instant == NEVER) break;
    if (next_end < instant) next_end = end_due(b, instant - 1);
    const size_t first = k;
    for (; k < n && !(codes[k] & 1) && c.rows[size_t(codes[k] >> 1)].settled_at == instant; k++) {
      if (k + 4 < n) __builtin_prefetch(&c.rows[size_t(codes[k + 4] >> 1)]);
      const Row &r = c.rows[size_t(codes[k] >> 1)];
      const bool charged = r.commission > 0.0;
      in(b.stake, s.bets + r.bet_slot * W);
      if (charged) { in(b.market_pnl, s.market_pnl + r.market_slot * W); in(b.market_open, s.market_open + r.market_slot * W); }
      if (r.payoff > 0.0) settle<1>(b, r.payoff, charged);
      else if (r.payoff < 0.0) settle<-1>(b, r.payoff, charged);
      else settle<0>(b, 0.0, charged);
      if (r.is_void == 1.0) count_stakes(b, b.voids);
      if (charged) { in(s.market_pnl + r.market_slot * W, b.market_pnl); in(s.market_open + r.market_slot * W, b.market_open); }
      if (has.event && r.event_slot >= 0) for (int l = 0; l < W; l++) s.events[r.event_slot * W + l] -= b.stake[l];
      if (has.competition) for (int l = 0; l < W; l++) s.competitions[r.competition * W + l] -= b.stake[l];
    }
    for (size_t j = first; j < k; j++) {
      const Row &r = c.rows[size_t(codes[j] >> 1)];
      if (!(r.commission > 0.0)) continue;
      in(b.market_pnl, s.market_pnl + r.market_slot * W); in(b.market_open, s.market_open + r.market_slot * W);
      charge(b, r.commission);
      in(s.market_pnl + r.market_slot * W, b.market_pnl);
    }
    if (next_end <= instant) next_end = end_due(b, instant);
    if (k > first && close(b)) next_end = set_ends(b, instant);
    if (day < c.midnights.size() && c.midnights[day] == instant) { roll(b); day++; }
    if (k < n && has.base_is_cash) in(b.base, b.cash);
    for (; k < n && (codes[k] & 1) && c.rows[size_t(codes[k] >> 1)].decided_at == instant; k++) {
      if (k + 4 < n) __builtin_prefetch(&c.rows[size_t(codes[k + 4] >> 1)]);
      const Row &r = c.rows[size_t(codes[k] >> 1)];
      const bool shares = has.event && r.event_slot >= 0;
      if (shares) in(b.on_event, s.events + r.event_slot * W);
      else if (has.event) std::memset(b.on_event, 0, W * sizeof(double));
      if (has.competition) in(b.on_competition, s.competitions + r.competition * W);
      if (has.one_per_market) {
        if (s.owner[size_t(r.question_slot)] != r.question) {
          s.owner[size_t(r.question_slot)] = r.question;
          std::memset(s.taken + r.question_slot * W, 0, W * sizeof(double));
        }
        in(b.taken, s.taken + r.question_slot * W);
      }
      decide<RULE, WHOLE>(b, r, has.base_is_cash, has.tolerance);
      in(s.bets + r.bet_slot * W, b.stake);
      if (shares) for (int l = 0; l < W; l++) s.events[r.event_slot * W + l] += b.stake[l];
      if (has.competition) for (int l = 0; l < W; l++) s.competitions[r.competition * W + l] += b.stake[l];
      if (has.one_per_market) in(s.taken + r.question_slot * W, b.taken);
      if (r.commission > 0.0)
        for (int l = 0; l < W; l++) s.market_open[r.market_slot * W + l] += b.stake[l] > 0.0 ? 1.0 : 0.0;
      if (r.has_close == 0.0) count_stakes(b, b.unclosed);
      if (r.settled_at == NEVER) count_stakes(b, b.unsettled);
      if (++visits == COUNT_MAX) { empty_counts(b); visits = 0; }
    }
  }
  empty_counts(b);
}

static void dispatch(Block &b, const Class &c, const std::vector<int64_t> &codes, Slots &s, const Limits &has) {
  if (!has.whole) {
    if (has.staking == FLAT) walk<FLAT, false>(b, c, codes, s, has);
    else if (has.staking == PERCENT) walk<PERCENT, false>(b, c, codes, s, has);
    else if (has.staking == KELLY) walk<KELLY, false>(b, c, codes, s, has);
    else if (has.staking == TARGET) walk<TARGET, false>(b, c, codes, s, has);
    else walk<KELLY_COLUMN, false>(b, c, codes, s, has);
  } else if (has.staking == FLAT) walk<FLAT, true>(b, c, codes, s, has);
  else if (has.staking == PERCENT) walk<PERCENT, true>(b, c, codes, s, has);
  else if (has.staking == KELLY) walk<KELLY, true>(b, c, codes, s, has);
  else if (has.staking == TARGET) walk<TARGET, true>(b, c, codes, s, has);
  else walk<KELLY_COLUMN, true>(b, c, codes, s, has);
}

// results of a configuration: the numbers that its measures follow from, then the counts of reasons
constexpr int N_OUT = 12 + reason::COUNT;

static void run_block(const Class &c, int64_t low, double *out) {
  const int64_t high = std::min(low + W, c.configurations);
  auto b = std::unique_ptr<Block, decltype(&std::free)>(static_cast<Block *>(std::aligned_alloc(64, (sizeof(Block) + 63) / 64 * 64)), &std::free);
  std::memset(static_cast<void *>(b.get()), 0, sizeof(Block));
  double lows[2] = {INF, INF}, highs[2] = {-INF, -INF};
  Limits has{};
  for (int l = 0; l < W; l++) {
    const double *row = &c.matrix[size_t(std::min(low + l, high - 1)) * param::COUNT];
    for (int p = 0; p < param::COUNT; p++) b->p[p][l] = row[p];
    lows[0] = std::min(lows[0], row[param::EDGE_MIN]); highs[0] = std::max(highs[0], row[param::EDGE_MAX]);
    lows[1] = std::min(lows[1], row[param::ODDS_MIN]); highs[1] = std::max(highs[1], row[param::ODDS_MAX]);
    if (low + l >= high) b->p[param::EDGE_MIN][l] = INF;
    b->cash[l] = b->peak[l] = b->day_start[l] = b->high[l] = row[param::BANKROLL_MINOR];
    has.one_per_market |= row[param::ONE_PER_MARKET] == 1.0;
    has.event |= std::isfinite(row[param::EVENT_CAP_FRAC]);
    has.competition |= std::isfinite(row[param::COMPETITION_CAP_FRAC]);
    has.base_is_cash = row[param::BASE_IS_CASH] == 1.0; has.whole = row[param::STAKE_INCREMENT_MINOR] == 1.0;
    has.staking = int(row[param::STAKING]); has.tolerance = row[param::PRICE_TOLERANCE_FRAC];
  }
  std::vector<uint8_t> passing(c.edges.size());
  for (size_t i = 0; i < passing.size(); i++)
    passing[i] = (c.edges[i] >= lows[0]) & (c.edges[i] <= highs[0]) & (c.odds[i] >= lows[1]) & (c.odds[i] <= highs[1]);
  std::vector<int64_t> codes(c.codes.size());
  size_t m = 0;
  for (int64_t code : c.codes) { codes[m] = code; m += passing[size_t(code >> 1)]; }
  codes.resize(m);
  Slots slots(c);
  dispatch(*b, c, codes, slots, has);
  for (int l = 0; low + l < high; l++) {
    double *o = out + (c.first + low + l) * N_OUT;
    const double values[] = {b->cash[l], b->open[l], b->won[l], b->voids[l], b->unsettled[l], b->turnover[l] + b->staked[l], b->max_drawdown[l],
                             b->clv[l], b->counts[reason::PLACED][l] - b->unclosed[l], b->longest[l], b->commission[l], b->warnings[l]};
    std::copy(values, values + 12, o);
    for (int r = 0; r < reason::COUNT; r++) o[12 + r] = b->counts[r][l];
  }
}

int main(int argc, char **argv) {
  if (argc != 5) { std::fprintf(stderr, "usage: comparator FOLDER THREADS REPEATS OUT\n"); return 2; }
  const std::string folder = argv[1];
  const int threads = std::atoi(argv[2]), repeats = std::atoi(argv[3]);
  std::vector<Class> classes;
  std::ifstream list(folder + "/classes.txt");
  int64_t number, total = 0;
  Class c;
  while (list >> number >> c.configurations >> c.bets >> c.events >> c.competitions >> c.markets >> c.questions) {
    const std::string head = folder + "/" + std::to_string(number) + ".";
    c.rows = read<Row>(head + "rows"); c.edges = read<double>(head + "edges"); c.odds = read<double>(head + "odds");
    c.codes = read<int64_t>(head + "codes"); c.matrix = read<double>(head + "matrix"); c.midnights = read<int64_t>(head + "midnights");
    c.first = total; total += c.configurations;
    classes.push_back(std::move(c));
  }
  std::vector<std::pair<const Class *, int64_t>> blocks;
  for (const Class &one : classes) for (int64_t low = 0; low < one.configurations; low += W) blocks.emplace_back(&one, low);
  std::vector<double> out(size_t(total) * N_OUT);
  for (int repeat = 0; repeat < repeats; repeat++) {
    const auto start = std::chrono::steady_clock::now();
    std::atomic<size_t> next{0};
    auto work = [&] { for (size_t i; (i = next++) < blocks.size();) run_block(*blocks[i].first, blocks[i].second, out.data()); };
    std::vector<std::thread> pool;
    for (int t = 1; t < threads; t++) pool.emplace_back(work);
    work();
    for (auto &thread : pool) thread.join();
    std::printf("%.6f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::ofstream(argv[4], std::ios::binary).write(reinterpret_cast<char *>(out.data()), std::streamsize(out.size() * sizeof(double)));
}
