// A layer of maps and the masked perceptron that conditions them: applied, solved, and taken back.
//
// A tile of rows goes through the whole layer at a time, so that all its units stay in the cache.
// Features come in an order; each hidden unit is computed once, when its last input is known, from
// the inputs that it may see: half the multiplications of a dense pass. Where the layer is solved,
// the inputs are the results found so far; else they are the given values. A coupling is the case in
// which the first features are `free`: they stay as they are, and every unit waits for just those.
#include "maps.hpp"
#include <cstdlib>

// The network, the map it conditions, and the rows. Kept in step with native.py.
struct Layer {
  Map map;
  int64_t rows, features, free, hidden, activation, threads, solve;
  const int64_t *order, *slots;   // the features as they come, and where their parameters begin
  const int64_t *widths;          // [hidden + 1], units of each layer's input
  const int64_t *ends;            // [hidden][features]: units computable once j features are known
  const void *const *weights;     // [hidden + 1], each [units][units below]
  const void *const *biases;      // [hidden + 1], each [units] or [units][rows], by strides
  const int64_t *bias_unit, *bias_row;
  int64_t value_row, value_feature, result_row, result_feature;
  const void *value;
  void *result, *log_det;
  void *const *tables;            // [hidden + 1], what each layer read, [units][rows]; or null
  void *params;                   // [outputs][rows]; or null
  void *slopes;                   // [features][rows], each map's own log-slope; or null
  // the way back
  int64_t grad_row, grad_feature, slope_row;
  const void *grad_result, *grad_log_det;
  void *grad_value;               // [features][rows]
  void *const *outer;             // [hidden + 1], cotangents of each layer's sums, [units][rows]
};

static constexpr int VECTORS = 4;  // a tile is so many vectors wide
static constexpr int GROUP = 4;    // rows of a product taken together: 16 sums stay in registers
static constexpr int MOST_LAYERS = 16;
static constexpr float INPUT_LIMIT = 1e4f;  // as in layer.py

template <class T> INLINE Vec<T> at(const T *p) { Vec<T> v; memcpy(&v, p, sizeof v); return v; }
template <class T> INLINE void put(T *p, Vec<T> v) { memcpy(p, &v, sizeof v); }

// The numbers of `count` rows from `p` on, zeros where the tile sticks out.
template <class T> INLINE void read_tile(const T *p, int64_t step, int64_t count, T *to) {
  constexpr int tile = VECTORS * Lanes<T>::width;
  if (step == 1 && count == tile) memcpy(to, p, sizeof(T) * tile);
  else for (int l = 0; l < tile; l++) to[l] = l < count ? p[l * step] : T(0);
}

template <class T> INLINE void write_tile(T *p, int64_t step, int64_t count, const T *from) {
  for (int64_t l = 0; l < count; l++) p[l * step] = from[l];
}

// sums[r] += weights[r][0..known] . values, for R rows of weights at once
template <class T, int R>
INLINE void product(const T *weights, int64_t stride, int64_t known, const T *values, T *sums) {
  constexpr int width = Lanes<T>::width, tile = VECTORS * width;
  Vec<T> sum[R][VECTORS];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < VECTORS; v++) sum[r][v] = at(sums + r * tile + v * width);
  for (int64_t k = 0; k < known; k++)
    for (int v = 0; v < VECTORS; v++) {
      const Vec<T> value = at(values + k * tile + v * width);
      for (int r = 0; r < R; r++) sum[r][v] += weights[r * stride + k] * value;
    }
  for (int r = 0; r < R; r++)
    for (int v = 0; v < VECTORS; v++) put(sums + r * tile + v * width, sum[r][v]);
}

// values[0..known] += weights[r]^T grads[r], for R rows at once
template <class T, int R>
INLINE void push(const T *weights, int64_t stride, int64_t known, T *values, const T *grads) {
  constexpr int width = Lanes<T>::width, tile = VECTORS * width;
  Vec<T> grad[R][VECTORS];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < VECTORS; v++) grad[r][v] = at(grads + r * tile + v * width);
  for (int64_t k = 0; k < known; k++)
    for (int v = 0; v < VECTORS; v++) {
      Vec<T> value = at(values + k * tile + v * width);
      for (int r = 0; r < R; r++) value += weights[r * stride + k] * grad[r][v];
      put(values + k * tile + v * width, value);
    }
}

template <class T> INLINE Vec<T> activated(int64_t activation, Vec<T> h) {
  const Vec<T> none = all<T>(0);
  switch (activation) {
    case 0: return h < T(0) ? none : h;                     // relu
    case 1: return h < T(0) ? vexp<T>(h) - T(1) : h;        // elu
    default: return T(1) - T(2) / (vexp<T>(h + h) + T(1));  // tanh
  }
}

// The activation's derivative, from what it gave.
template <class T> INLINE Vec<T> slope_at(int64_t activation, Vec<T> h) {
  const Vec<T> one = all<T>(1);
  switch (activation) {
    case 0: return h > T(0) ? one : all<T>(0);
    case 1: return h > T(0) ? one : h + T(1);
    default: return T(1) - h * h;
  }
}

// Where a layer's units lie that the feature of this step is the last to complete.
struct Block {
  int64_t from, to;
};
INLINE Block completed(const Layer &job, int64_t layer, int64_t step) {
  const int64_t *ends = job.ends + layer * job.features;
  return {step ? ends[step - 1] : 0, ends[step]};
}

// How many of a layer's inputs are known at this step.
INLINE int64_t known(const Layer &job, int64_t layer, int64_t step) {
  if (layer) return job.ends[(layer - 1) * job.features + step];
  return step < job.widths[0] ? step : job.widths[0];
}

// One tile of rows, from its first feature to its last.
template <template <class> class Kind, class T>
INLINE void walk_tile(const Layer &job, int64_t row, int64_t count, T *space) {
  constexpr int width = Lanes<T>::width, tile = VECTORS * width;
  const int64_t hidden = job.hidden, P = job.map.n_params;
  T *values[MOST_LAYERS];
  for (int64_t i = 0; i <= hidden; i++) values[i] = space, space += job.widths[i] * tile;
  T *params = space;
  alignas(64) T value[tile], found[tile], slope[tile] = {};
  Vec<T> log_det[VECTORS] = {};
  auto keep = [&](void *table, int64_t from, int64_t to, const T *tiles) ALWAYS {
    for (int64_t r = from; r < to; r++)
      write_tile((T *)table + r * job.rows + row, 1, count, tiles + (r - from) * tile);
  };
  // Units [from, to) of a layer's sums, given the first `n` of its inputs.
  auto sums = [&](int64_t layer, int64_t from, int64_t to, int64_t n, T *out) ALWAYS {
    const int64_t stride = job.widths[layer], by_row = job.bias_row[layer], units = to - from;
    const T *weights = (const T *)job.weights[layer] + from * stride;
    const T *bias = (const T *)job.biases[layer] + from * job.bias_unit[layer] + row * by_row;
    for (int64_t r = 0; r < units; r++)
      read_tile(bias + r * job.bias_unit[layer], by_row, by_row ? count : tile, out + r * tile);
    int64_t r = 0;
    for (; r + GROUP <= units; r += GROUP)
      product<T, GROUP>(weights + r * stride, stride, n, values[layer], out + r * tile);
    for (; r + 2 <= units; r += 2)
      product<T, 2>(weights + r * stride, stride, n, values[layer], out + r * tile);
    for (; r < units; r++)
      product<T, 1>(weights + r * stride, stride, n, values[layer], out + r * tile);
  };
  for (int64_t step = 0; step < job.features; step++) {
    const int64_t feature = job.order[step];
    for (int64_t i = 0; i < hidden; i++) {
      const Block block = completed(job, i, step);
      T *out = values[i + 1] + block.from * tile;
      sums(i, block.from, block.to, known(job, i, step), out);
      for (int64_t l = 0; l < (block.to - block.from) * tile; l += width)
        put(out + l, activated<T>(job.activation, at(out + l)));
      if (job.tables) keep(job.tables[i + 1], block.from, block.to, out);
    }
    read_tile((const T *)job.value + row * job.value_row + feature * job.value_feature,
              job.value_row, count, value);
    if (step < job.free) {
      memcpy(found, value, sizeof found);
    } else {
      const int64_t slot = job.slots[step];
      sums(hidden, slot, slot + P, known(job, hidden, step), params);
      if (job.params) keep(job.params, slot, slot + P, params);
      for (int v = 0; v < VECTORS; v++) {
        Vec<T> moved, change;
        Kind<T>::apply(job.map, at(value + v * width), params + v * width, tile, moved, change);
        put(found + v * width, moved);
        log_det[v] += change;
        put(slope + v * width, change);
      }
    }
    if (job.slopes) write_tile((T *)job.slopes + feature * job.rows + row, 1, count, slope);
    write_tile((T *)job.result + row * job.result_row + feature * job.result_feature,
               job.result_row, count, found);
    if (step < job.widths[0]) {
      T *input = values[0] + step * tile;
      for (int l = 0; l < tile; l += width)
        put(input + l, vmin<T>(vmax<T>(at((job.solve ? found : value) + l), all<T>(T(-INPUT_LIMIT))),
                               all<T>(T(INPUT_LIMIT))));
      if (job.tables) keep(job.tables[0], step, step + 1, input);
    }
  }
  for (int v = 0; v < VECTORS; v++) put(found + v * width, log_det[v]);
  write_tile((T *)job.log_det + row, 1, count, found);
}

// The same tile for cotangents, from its last feature to its first. Where the layer was solved this
// is a triangular system, solved without forming it: a result's cotangent is complete when all later
// features have sent theirs.
template <template <class> class Kind, class T>
INLINE void sweep_tile(const Layer &job, int64_t row, int64_t count, T *space) {
  constexpr int width = Lanes<T>::width, tile = VECTORS * width;
  const int64_t hidden = job.hidden, P = job.map.n_params, B = job.rows;
  T *reaching[MOST_LAYERS];
  for (int64_t i = 0; i <= hidden; i++) {
    reaching[i] = space, space += job.widths[i] * tile;
    memset(reaching[i], 0, sizeof(T) * job.widths[i] * tile);
  }
  T *params = space, *grads = space + P * tile;
  alignas(64) T u[tile], slope[tile], reached[tile], input[tile], held[tile];
  auto pushed = [&](int64_t layer, int64_t from, int64_t to, int64_t n, const T *grad) ALWAYS {
    const int64_t stride = job.widths[layer], units = to - from;
    const T *weights = (const T *)job.weights[layer] + from * stride;
    int64_t r = 0;
    for (; r + GROUP <= units; r += GROUP)
      push<T, GROUP>(weights + r * stride, stride, n, reaching[layer], grad + r * tile);
    for (; r + 2 <= units; r += 2)
      push<T, 2>(weights + r * stride, stride, n, reaching[layer], grad + r * tile);
    for (; r < units; r++)
      push<T, 1>(weights + r * stride, stride, n, reaching[layer], grad + r * tile);
  };
  // reached += what came to the input of this step, unless that was clamped
  auto arrive = [&](T *to, int64_t step) ALWAYS {
    if (step >= job.widths[0]) return;
    read_tile((const T *)job.tables[0] + step * B + row, 1, count, held);
    for (int l = 0; l < tile; l += width)
      put(to + l, at(to + l) + (vabs<T>(at(held + l)) < T(INPUT_LIMIT)
                                    ? at(reaching[0] + step * tile + l) : all<T>(0)));
  };
  read_tile((const T *)job.grad_log_det + row * job.slope_row, job.slope_row, count, slope);
  for (int64_t step = job.features - 1; step >= 0; step--) {
    const int64_t feature = job.order[step];
    read_tile((const T *)job.grad_result + row * job.grad_row + feature * job.grad_feature,
              job.grad_row, count, reached);
    if (job.solve) arrive(reached, step);
    if (step < job.free) {
      memcpy(input, reached, sizeof input);
    } else {
      const int64_t slot = job.slots[step];
      if (job.map.inverse)
        read_tile((const T *)job.result + row * job.result_row + feature * job.result_feature,
                  job.result_row, count, u);
      else
        read_tile((const T *)job.value + row * job.value_row + feature * job.value_feature,
                  job.value_row, count, u);
      for (int64_t k = 0; k < P; k++)
        read_tile((const T *)job.params + (slot + k) * B + row, 1, count, params + k * tile);
      for (int v = 0; v < VECTORS; v++) {
        const int l = v * width;
        put(input + l, Kind<T>::pull(job.map, at(u + l), params + l, tile, at(reached + l),
                                     at(slope + l), grads + l, tile));
      }
      for (int64_t k = 0; k < P; k++)
        write_tile((T *)job.outer[hidden] + (slot + k) * B + row, 1, count, grads + k * tile);
      pushed(hidden, slot, slot + P, known(job, hidden, step), grads);
    }
    for (int64_t i = hidden - 1; i >= 0; i--) {
      const Block block = completed(job, i, step);
      for (int64_t r = block.from; r < block.to; r++) {
        T *complete = reaching[i + 1] + r * tile;
        read_tile((const T *)job.tables[i + 1] + r * B + row, 1, count, held);
        for (int l = 0; l < tile; l += width)
          put(complete + l, at(complete + l) * slope_at<T>(job.activation, at(held + l)));
        write_tile((T *)job.outer[i] + r * B + row, 1, count, complete);
      }
      pushed(i, block.from, block.to, known(job, i, step), reaching[i + 1] + block.from * tile);
    }
    if (!job.solve) arrive(input, step);
    write_tile((T *)job.grad_value + feature * B + row, 1, count, input);
  }
}

// Room for a tile, which every thread keeps for its next call: fresh pages cost more than small work.
static void *at_least(size_t bytes) {
  struct Room {
    void *at = nullptr;
    size_t size = 0;
    ~Room() { free(at); }
  };
  static thread_local Room room;
  if (room.size < bytes) {
    free(room.at);
    room.at = aligned_alloc(64, bytes);
    room.size = room.at ? bytes : 0;
  }
  return room.at;
}

template <class T, class Function> static void by_tiles(const Layer &job, Function work) {
  constexpr int64_t tile = VECTORS * Lanes<T>::width;
  int64_t units = 2 * job.map.n_params;
  for (int64_t i = 0; i <= job.hidden; i++) units += job.widths[i];
  const int64_t tiles = (job.rows + tile - 1) / tile;
#pragma omp parallel num_threads(job.threads) if (job.threads > 1 && tiles > 1)
  {
    T *space = (T *)at_least(units * tile * sizeof(T));
#pragma omp for schedule(dynamic)
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t row = t * tile, left = job.rows - row;
      work(job, row, left < tile ? left : tile, space);
    }
  }
}

#define ENTRY(name, T, tile)                                                                            \
  FOR_EVERY_PROCESSOR static void name##_tile(const Layer &job, int64_t row, int64_t count, T *space) { \
    tile(job, row, count, space);                                                                       \
  }                                                                                                     \
  extern "C" void name(const Layer *job) { by_tiles<T>(*job, name##_tile); }

ENTRY(spline_walk_float32, float, (walk_tile<Spline, float>))
ENTRY(spline_walk_float64, double, (walk_tile<Spline, double>))
ENTRY(spline_sweep_float32, float, (sweep_tile<Spline, float>))
ENTRY(spline_sweep_float64, double, (sweep_tile<Spline, double>))
ENTRY(affine_walk_float32, float, (walk_tile<Affine, float>))
ENTRY(affine_walk_float64, double, (walk_tile<Affine, double>))
ENTRY(affine_sweep_float32, float, (sweep_tile<Affine, float>))
ENTRY(affine_sweep_float64, double, (sweep_tile<Affine, double>))

extern "C" int64_t layer_size() { return sizeof(Layer); }
