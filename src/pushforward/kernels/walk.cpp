// An autoregressive layer feature by feature: applied, or solved, and the way back of the latter.
//
// A tile of rows goes through the whole walk at a time, so that all its units stay in the cache:
// each hidden unit is computed once, when its last input is known. Units lie as [units][tile].
#include "maps.hpp"
#include <cstdlib>

// A masked perceptron, the map it conditions, and the rows. Kept in step with native.py.
struct Walk {
  Map map;
  int64_t rows, features, hidden, activation, threads;
  const int64_t *order, *widths;  // the features as they come; units of each layer's input
  const int64_t *ends;            // [hidden][features]: units computable once j features are known
  const void *const *weights, *const *biases;  // [hidden + 1], each [units][units below], [units]...
  const int64_t *bias_unit, *bias_row;         // ... or [units][rows], by strides
  int64_t value_row, value_feature, x_row, x_feature;
  const void *value;
  void *x, *log_det;
  // the way back: cotangents in [rows] and tables in [units][rows], written as they are completed
  const void *grad_x;                          // strides as of x
  const void *by_x_value, *by_x_params;        // pulls of a cotangent of one on x: [D][rows], [D P][rows]
  const void *by_slope_value, *by_slope_params;  // and of that of the log-slope
  const void *const *slopes;                   // [hidden], the activations' derivatives [units][rows]
  const void *inside;                          // [D][rows], in the walk's order: 0 where clamped
  void *grad_value;                            // [D][rows]
  void *const *outer;                          // [hidden + 1], cotangents of each layer's sums
};

static constexpr int VECTORS = 4;  // a tile is so many vectors wide
static constexpr int GROUP = 4;    // rows of a product taken together: 16 sums stay in registers

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
    case 0: return h < T(0) ? none : h;                    // relu
    case 1: return h < T(0) ? vexp<T>(h) - T(1) : h;       // elu
    case 2: return h * vsigmoid<T>(h);                     // silu
    default: return T(1) - T(2) / (vexp<T>(h + h) + T(1));  // tanh
  }
}

// One tile of rows, from its first feature to its last.
template <template <class> class Kind, class T>
INLINE void walk_tile(const Walk &job, int64_t row, int64_t count, T *space) {
  constexpr int width = Lanes<T>::width, tile = VECTORS * width;
  const int64_t hidden = job.hidden, P = job.map.n_params;
  T *values[16];
  for (int64_t i = 0; i <= hidden; i++) values[i] = space, space += job.widths[i] * tile;
  T *params = space;
  alignas(64) T value[tile], slope[tile];
  Vec<T> log_det[VECTORS] = {};
  // Units [from, to) of a layer's sums, given the first `known` of its inputs.
  auto sums = [&](int64_t layer, int64_t from, int64_t to, int64_t known, T *out) ALWAYS {
    const int64_t stride = job.widths[layer];
    const T *weights = (const T *)job.weights[layer] + from * stride;
    const T *bias = (const T *)job.biases[layer] + from * job.bias_unit[layer] + row * job.bias_row[layer];
    const int64_t n = to - from;
    for (int64_t r = 0; r < n; r++)
      read_tile(bias + r * job.bias_unit[layer], job.bias_row[layer], job.bias_row[layer] ? count : tile, out + r * tile);
    int64_t r = 0;
    for (; r + GROUP <= n; r += GROUP) product<T, GROUP>(weights + r * stride, stride, known, values[layer], out + r * tile);
    for (; r + 2 <= n; r += 2) product<T, 2>(weights + r * stride, stride, known, values[layer], out + r * tile);
    for (; r < n; r++) product<T, 1>(weights + r * stride, stride, known, values[layer], out + r * tile);
  };
  for (int64_t step = 0; step < job.features; step++) {
    const int64_t feature = job.order[step];
    int64_t known = step;
    for (int64_t i = 0; i < hidden; i++) {
      const int64_t *ends = job.ends + i * job.features;
      const int64_t from = step ? ends[step - 1] : 0, to = ends[step];
      T *out = values[i + 1] + from * tile;
      sums(i, from, to, known, out);
      for (int64_t l = 0; l < (to - from) * tile; l += width)
        put(out + l, activated<T>(job.activation, at(out + l)));
      known = to;
    }
    sums(hidden, feature * P, (feature + 1) * P, known, params);
    read_tile((const T *)job.value + row * job.value_row + feature * job.value_feature, job.value_row, count, value);
    for (int v = 0; v < VECTORS; v++) {
      Vec<T> found, change;
      Kind<T>::apply(job.map, at(value + v * width), params + v * width, tile, found, change);
      put(slope + v * width, found);
      log_det[v] += change;
      // As every conditioner does: a far outlier must not overflow it.
      const Vec<T> given = job.map.inverse ? found : at(value + v * width);
      put(values[0] + step * tile + v * width, vmin<T>(vmax<T>(given, all<T>(T(-1e4))), all<T>(T(1e4))));
    }
    write_tile((T *)job.x + row * job.x_row + feature * job.x_feature, job.x_row, count, slope);
  }
  for (int v = 0; v < VECTORS; v++) put(slope + v * width, log_det[v]);
  write_tile((T *)job.log_det + row, 1, count, slope);
}

// The same tile from its last feature to its first: a triangular system, solved without forming it.
template <class T> INLINE void sweep_tile(const Walk &job, int64_t row, int64_t count, T *space) {
  constexpr int width = Lanes<T>::width, tile = VECTORS * width;
  const int64_t hidden = job.hidden, P = job.map.n_params, B = job.rows;
  T *reaching[16];
  for (int64_t i = 0; i <= hidden; i++) {
    reaching[i] = space, space += job.widths[i] * tile;
    memset(reaching[i], 0, sizeof(T) * job.widths[i] * tile);
  }
  T *grads = space;
  alignas(64) T a[tile], b[tile], reached[tile];
  auto pushed = [&](int64_t layer, int64_t from, int64_t to, int64_t known, const T *grad) ALWAYS {
    const int64_t stride = job.widths[layer], n = to - from;
    const T *weights = (const T *)job.weights[layer] + from * stride;
    int64_t r = 0;
    for (; r + GROUP <= n; r += GROUP) push<T, GROUP>(weights + r * stride, stride, known, reaching[layer], grad + r * tile);
    for (; r < n; r++) push<T, 1>(weights + r * stride, stride, known, reaching[layer], grad + r * tile);
  };
  // to = by_x * reached + by_slope, of row `i` of the two tables
  auto combined = [&](const void *by_x, const void *by_slope, int64_t i, T *to) ALWAYS {
    read_tile((const T *)by_x + i * B + row, 1, count, a);
    read_tile((const T *)by_slope + i * B + row, 1, count, b);
    for (int l = 0; l < tile; l += width) put(to + l, at(a + l) * at(reached + l) + at(b + l));
  };
  for (int64_t step = job.features - 1; step >= 0; step--) {
    const int64_t feature = job.order[step];
    read_tile((const T *)job.grad_x + row * job.x_row + feature * job.x_feature, job.x_row, count, reached);
    read_tile((const T *)job.inside + step * B + row, 1, count, a);
    for (int l = 0; l < tile; l += width)
      put(reached + l, at(reached + l) + at(a + l) * at(reaching[0] + step * tile + l));
    combined(job.by_x_value, job.by_slope_value, feature, grads);
    write_tile((T *)job.grad_value + feature * B + row, 1, count, grads);
    for (int64_t k = 0; k < P; k++) {
      combined(job.by_x_params, job.by_slope_params, feature * P + k, grads + k * tile);
      write_tile((T *)job.outer[hidden] + (feature * P + k) * B + row, 1, count, grads + k * tile);
    }
    auto known = [&](int64_t layer) ALWAYS { return layer ? job.ends[(layer - 1) * job.features + step] : step; };
    pushed(hidden, feature * P, (feature + 1) * P, known(hidden), grads);
    for (int64_t i = hidden - 1; i >= 0; i--) {  // units that this feature was the last to complete
      const int64_t *ends = job.ends + i * job.features;
      const int64_t from = step ? ends[step - 1] : 0, to = ends[step];
      for (int64_t r = from; r < to; r++) {
        T *complete = reaching[i + 1] + r * tile;
        read_tile((const T *)job.slopes[i] + r * B + row, 1, count, a);
        for (int l = 0; l < tile; l += width) put(complete + l, at(complete + l) * at(a + l));
        write_tile((T *)job.outer[i] + r * B + row, 1, count, complete);
      }
      pushed(i, from, to, known(i), reaching[i + 1] + from * tile);
    }
  }
}

template <class T, class Function> static void by_tiles(const Walk &job, Function work) {
  constexpr int64_t tile = VECTORS * Lanes<T>::width;
  int64_t units = job.map.n_params;
  for (int64_t i = 0; i <= job.hidden; i++) units += job.widths[i];
  const int64_t tiles = (job.rows + tile - 1) / tile;
#pragma omp parallel num_threads(job.threads) if (job.threads > 1 && tiles > 1)
  {
    T *space = (T *)aligned_alloc(64, units * tile * sizeof(T));
#pragma omp for schedule(dynamic)
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t row = t * tile, left = job.rows - row;
      work(job, row, left < tile ? left : tile, space);
    }
    free(space);
  }
}

#define ENTRY(name, T, call)                                                                          \
  FOR_EVERY_PROCESSOR static void name##_tile(const Walk &job, int64_t row, int64_t count, T *space) { \
    call;                                                                                             \
  }                                                                                                   \
  extern "C" void name(const Walk *job) { by_tiles<T>(*job, name##_tile); }

ENTRY(spline_walk_float32, float, (walk_tile<Spline, float>(job, row, count, space)))
ENTRY(spline_walk_float64, double, (walk_tile<Spline, double>(job, row, count, space)))
ENTRY(affine_walk_float32, float, (walk_tile<Affine, float>(job, row, count, space)))
ENTRY(affine_walk_float64, double, (walk_tile<Affine, double>(job, row, count, space)))
ENTRY(sweep_float32, float, (sweep_tile<float>(job, row, count, space)))
ENTRY(sweep_float64, double, (sweep_tile<double>(job, row, count, space)))

extern "C" int64_t walk_size() { return sizeof(Walk); }
