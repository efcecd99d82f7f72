// Univariate maps with their log-derivatives and gradients, one pass over their parameters.
//
// Each map works on Lanes<T>::width elements of one feature at a time, element l of parameter k at
// params[k * row + l]. The plain PyTorch formulas beside this file are what it is held to.
#pragma once
#include "lanes.hpp"

// What a map needs to know. Kept in step with the ctypes.Structure in native.py.
struct Map {
  int64_t n_params, bins;
  double bound, least_share, least_slope, unit_slope;
  int64_t inverse;
};

static constexpr int MOST_PARAMS = 192;

// ---- the rational-quadratic spline: Durkan et al. 2019, eq. 4 to 8 -----------------------------

template <class T> struct Spline {
  using V = Vec<T>;
  using I = Int<T>;

  // The bin that each element falls in; `share` and `before` are kept for the gradient.
  struct Bin {
    V x, y, width, height, left, right, raw_left, raw_right;
    Int<T> index;
    V share_x, share_y, before_x, before_y;  // softmax at the bin, and summed over those before it
    V peak_x, peak_y, total_x, total_y;      // of the softmaxes
  };

  static INLINE Bin locate(const Map &map, V value, const T *p, int64_t row, bool by_value) {
    const int bins = (int)map.bins;
    auto param = [&](int k) ALWAYS { V v; memcpy(&v, p + k * row, sizeof v); return v; };
    Bin b;
    b.peak_x = param(0), b.peak_y = param(bins);
    for (int k = 1; k < bins; k++) {
      b.peak_x = vmax<T>(b.peak_x, param(k));
      b.peak_y = vmax<T>(b.peak_y, param(bins + k));
    }
    V ex[MOST_PARAMS / 3 + 1], ey[MOST_PARAMS / 3 + 1];
    b.total_x = b.total_y = all<T>(0);
    for (int k = 0; k < bins; k++) {
      b.total_x += ex[k] = vexp<T>(param(k) - b.peak_x);
      b.total_y += ey[k] = vexp<T>(param(bins + k) - b.peak_y);
    }
    const T whole = T(2 * map.bound), least = T(2 * map.bound * map.least_share / bins);
    const V part = all<T>(T(whole * (1 - map.least_share)));
    const V by_x = T(1) / b.total_x, by_y = T(1) / b.total_y;
    V x = all<T>(T(-map.bound)), y = x, sum_x = all<T>(0), sum_y = sum_x;
    b.index = Int<T>{};
    for (int k = 0; k < bins; k++) {
      const V sx = ex[k] * by_x, sy = ey[k] * by_y;
      const V width = least + part * sx, height = least + part * sy;
      const V raw_left = k > 0 ? param(2 * bins + k - 1) : all<T>(0);
      const V raw_right = k + 1 < bins ? param(2 * bins + k) : all<T>(0);
      if (k == 0) {
        b.x = x, b.y = y, b.width = width, b.height = height, b.share_x = sx, b.share_y = sy;
        b.before_x = sum_x, b.before_y = sum_y, b.raw_left = raw_left, b.raw_right = raw_right;
      } else {
        const I here = (by_value ? y : x) <= value;
        b.x = here ? x : b.x, b.y = here ? y : b.y;
        b.width = here ? width : b.width, b.height = here ? height : b.height;
        b.share_x = here ? sx : b.share_x, b.share_y = here ? sy : b.share_y;
        b.before_x = here ? sum_x : b.before_x, b.before_y = here ? sum_y : b.before_y;
        b.raw_left = here ? raw_left : b.raw_left, b.raw_right = here ? raw_right : b.raw_right;
        b.index -= here;  // a true lane is -1
      }
      x += width, y += height, sum_x += sx, sum_y += sy;
    }
    const T unit = T(map.unit_slope), least_slope = T(map.least_slope);
    const V left = vsoftplus<T>(b.raw_left + unit) + least_slope;
    const V right = vsoftplus<T>(b.raw_right + unit) + least_slope;
    b.left = b.index == 0 ? all<T>(1) : left;
    b.right = b.index == bins - 1 ? all<T>(1) : right;
    return b;
  }

  static INLINE V clip(V ratio) { return vmin<T>(vmax<T>(ratio, all<T>(0)), all<T>(1)); }

  static INLINE void apply(const Map &map, V value, const T *p, int64_t row, V &result, V &log_det) {
    const T bound = T(map.bound);
    const I inside = vabs<T>(value) <= bound;
    const V held = vmin<T>(vmax<T>(value, all<T>(-bound)), all<T>(bound));
    const Bin b = locate(map, held, p, row, map.inverse);
    const V slope = b.height / b.width, bend = b.left + b.right - slope - slope;
    V ratio;
    if (map.inverse) {
      const V rise = held - b.y, turned = rise * bend;
      const V qa = b.height * (slope - b.left) + turned, qb = b.height * b.left - turned;
      const V qc = slope * rise;  // minus the constant term
      const V root = vsqrt<T>(vmax<T>(qb * qb + T(4) * qa * qc, all<T>(Lanes<T>::tiny)));
      const I adds = qb >= T(0);  // of the two forms, the one that adds numbers of equal sign
      ratio = clip((adds ? qc + qc : root - qb) / (adds ? qb + root : qa + qa));
    } else {
      ratio = clip((held - b.x) / b.width);
    }
    const V other = T(1) - ratio, rest = ratio * other, below = slope + bend * rest;
    const V above = b.right * ratio * ratio + (slope + slope) * rest + b.left * other * other;
    const V factor = slope / below;
    const V log_slope = vlog<T>(factor * factor * above);
    const V moved = map.inverse ? b.x + ratio * b.width
                                : b.y + b.height * (slope * ratio * ratio + b.left * rest) / below;
    result = inside ? moved : value;
    log_det = inside ? (map.inverse ? -log_slope : log_slope) : all<T>(0);
  }

  // With u on the spline's input side, whichever way the map was taken: an inverse is differentiated
  // implicitly. `a` and `s` are the cotangents of the result and of its log-derivative.
  static INLINE V pull(const Map &map, V u, const T *p, int64_t row, V a, V s, T *grad, int64_t to) {
    const V untouched = a;  // outside, the map is the identity
    const int bins = (int)map.bins;
    const T bound = T(map.bound);
    const I inside = vabs<T>(u) <= bound;
    const V held = vmin<T>(vmax<T>(u, all<T>(-bound)), all<T>(bound));
    const Bin b = locate(map, held, p, row, false);
    const V slope = b.height / b.width, bend = b.left + b.right - slope - slope;
    const V ratio = clip((held - b.x) / b.width);
    const V other = T(1) - ratio, rest = ratio * other, turn = other - ratio;
    const V below = slope + bend * rest, over = T(1) / below;
    const V square = ratio * ratio, opposite = other * other;
    const V above = b.right * square + (slope + slope) * rest + b.left * opposite;
    const V up = T(1) / above, part = (slope * square + b.left * rest) * over;
    // log-derivative L = 2 log slope + log above - 2 log below
    const V l_ratio = T(2) * ((b.right * ratio + slope * turn - b.left * other) * up - bend * turn * over);
    const V l_slope = T(2) * (T(1) / slope + rest * up - (T(1) - rest - rest) * over);
    const V l_left = opposite * up - (rest + rest) * over;
    const V l_right = square * up - (rest + rest) * over;
    const V steep = slope * slope * above * over * over;  // dv/du
    V input;  // the cotangent of what the map was given
    if (map.inverse) {
      input = (a - s * l_ratio / b.width) / steep;
      a = -input, s = -s;
    }
    const V g_ratio = a * b.width * steep + s * l_ratio;
    const V scaled = a * b.height * over;
    const V g_slope = scaled * (square - part * (T(1) - rest - rest)) + s * l_slope;
    const V g_left = scaled * rest * (T(1) - part) + s * l_left;
    const V g_right = s * l_right - scaled * rest * part;
    const V by = T(1) / b.width;
    const V g_x = -g_ratio * by, g_width = -(g_ratio * ratio + g_slope * slope) * by;
    const V g_y = a, g_height = a * part + g_slope * by;
    if (!map.inverse) input = g_ratio * by;
    // Back through both softmaxes: the bin's own size, and the sizes before it that set its knot.
    const T share = T(2 * map.bound * (1 - map.least_share));
    const V mean_x = g_x * b.before_x + g_width * b.share_x;
    const V mean_y = g_y * b.before_y + g_height * b.share_y;
    const V by_x = share / b.total_x, by_y = share / b.total_y;
    const V none = all<T>(0);
    auto param = [&](int k) ALWAYS { V v; memcpy(&v, p + k * row, sizeof v); return v; };
    auto put = [&](int k, V v) ALWAYS { v = inside ? v : none; memcpy(grad + k * to, &v, sizeof v); };
    for (int k = 0; k < bins; k++) {
      const I before = b.index > k, at = b.index == k;
      const V gx = before ? g_x : (at ? g_width : none), gy = before ? g_y : (at ? g_height : none);
      put(k, vexp<T>(param(k) - b.peak_x) * by_x * (gx - mean_x));
      put(bins + k, vexp<T>(param(bins + k) - b.peak_y) * by_y * (gy - mean_y));
    }
    const T unit = T(map.unit_slope);
    const V raw_left = g_left * vsigmoid<T>(b.raw_left + unit);
    const V raw_right = g_right * vsigmoid<T>(b.raw_right + unit);
    for (int k = 0; k + 1 < bins; k++)
      put(2 * bins + k, b.index == k ? raw_right : (b.index == k + 1 ? raw_left : none));
    return inside ? input : untouched;
  }
};

// ---- the affine map with a smoothly bounded log-scale: v = u exp(bound tanh(p/bound)) + t ------

template <class T> struct Affine {
  using V = Vec<T>;

  static INLINE V log_scale(const Map &map, const T *p, int64_t row, V &flatness) {
    V raw;
    memcpy(&raw, p + row, sizeof raw);
    const T bound = T(map.bound);
    // tanh through e^(-2|r|), which neither overflows nor cancels where it matters
    const V r = raw / bound, e = vexp<T>(T(-2) * vabs<T>(r)), size = (T(1) - e) / (T(1) + e);
    const V small = r * (T(1) - r * r / T(3));  // to third order, where 1 - e loses digits
    const V curve = vabs<T>(r) < T(sizeof(T) == 4 ? 5e-3 : 1e-5) ? small : (r < T(0) ? -size : size);
    flatness = T(1) - curve * curve;
    return bound * curve;
  }

  static INLINE void apply(const Map &map, V value, const T *p, int64_t row, V &result, V &log_det) {
    V shift, flatness;
    memcpy(&shift, p, sizeof shift);
    const V scale = log_scale(map, p, row, flatness);
    result = map.inverse ? (value - shift) * vexp<T>(-scale) : value * vexp<T>(scale) + shift;
    log_det = map.inverse ? -scale : scale;
  }

  static INLINE V pull(const Map &map, V u, const T *p, int64_t row, V a, V s, T *grad, int64_t to) {
    V flatness;
    const V scale = log_scale(map, p, row, flatness), steep = vexp<T>(scale);
    V input = a * steep;
    if (map.inverse) input = a / steep, a = -input, s = -s;
    const V raw = (a * u * steep + s) * flatness;
    memcpy(grad, &a, sizeof a);
    memcpy(grad + to, &raw, sizeof raw);
    return input;
  }
};
