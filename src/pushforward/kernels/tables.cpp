// The maps on tables of numbers, in any strides: blocks of one feature, shared among threads.
#include "maps.hpp"

// B x D numbers and their parameters. Kept in step with the ctypes.Structure in native.py.
struct Job {
  Map map;
  int64_t rows, features, threads;
  int64_t value_row, value_feature;                      // strides of `value`
  int64_t param_row, param_feature, param_step;          // strides of `params`
  int64_t pull_row, pull_feature, pull_step;             // strides of its gradient
  int64_t out_row, out_feature;                          // strides of result, log_det, grad_value
  int64_t grad_row, grad_feature, slope_row, slope_feature;  // strides of the two cotangents
  const void *value, *params;
  void *result, *log_det;                                // forward: what it writes
  const void *grad_result, *grad_log_det;                // backward: what it reads
  void *grad_value, *grad_params;                        // backward: what it writes
};

// `count` elements of one feature from `row` on; parameters are copied only where they lie apart.
template <template <class> class Kind, class T>
INLINE void block(const Job &job, int64_t feature, int64_t row, int count, bool backward) {
  constexpr int width = Lanes<T>::width;
  alignas(64) T kept[MOST_PARAMS * width], back[MOST_PARAMS * width];
  const T *params = (const T *)job.params + feature * job.param_feature + row * job.param_row;
  const bool together = job.param_row == 1 && count == width;
  if (!together)
    for (int k = 0; k < job.map.n_params; k++)
      for (int l = 0; l < width; l++)
        kept[k * width + l] = l < count ? params[l * job.param_row + k * job.param_step] : T(0);
  const T *p = together ? params : kept;
  const int64_t step = together ? job.param_step : width;
  const int64_t out = row * job.out_row + feature * job.out_feature;
  const Vec<T> value = load((const T *)job.value + row * job.value_row + feature * job.value_feature,
                            job.value_row, count);
  if (!backward) {
    Vec<T> result, log_det;
    Kind<T>::apply(job.map, value, p, step, result, log_det);
    store((T *)job.result + out, job.out_row, count, result);
    store((T *)job.log_det + out, job.out_row, count, log_det);
    return;
  }
  const Vec<T> a = load((const T *)job.grad_result + row * job.grad_row + feature * job.grad_feature,
                        job.grad_row, count);
  const Vec<T> s = load((const T *)job.grad_log_det + row * job.slope_row + feature * job.slope_feature,
                        job.slope_row, count);
  T *grads = (T *)job.grad_params + feature * job.pull_feature + row * job.pull_row;
  const bool straight = job.pull_row == 1 && count == width;
  const Vec<T> input = Kind<T>::pull(job.map, value, p, step, a, s, straight ? grads : back,
                                    straight ? job.pull_step : width);
  store((T *)job.grad_value + out, job.out_row, count, input);
  if (!straight)
    for (int k = 0; k < job.map.n_params; k++)
      for (int l = 0; l < count; l++)
        grads[l * job.pull_row + k * job.pull_step] = back[k * width + l];
}

template <template <class> class Kind, class T, bool backward>
INLINE void share_of(const Job &job, int64_t from, int64_t to) {
  constexpr int width = Lanes<T>::width;
  const int64_t blocks = (job.rows + width - 1) / width;
  for (int64_t i = from; i < to; i++) {
    const int64_t row = (i % blocks) * width;
    const int64_t left = job.rows - row;
    block<Kind, T>(job, i / blocks, row, left < width ? (int)left : width, backward);
  }
}

template <class Function> static void in_parallel(const Job &job, int width, Function work) {
  const int64_t tasks = (job.rows + width - 1) / width * job.features;
  const int64_t threads = tasks < 32 || job.threads < 1 ? 1 : job.threads;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (int64_t t = 0; t < threads; t++) work(job, tasks * t / threads, tasks * (t + 1) / threads);
}

#define ENTRY(name, Kind, T, backward)                                                     \
  FOR_EVERY_PROCESSOR static void name##_share(const Job &job, int64_t from, int64_t to) { \
    share_of<Kind, T, backward>(job, from, to);                                            \
  }                                                                                        \
  extern "C" void name(const Job *job) { in_parallel(*job, Lanes<T>::width, name##_share); }

ENTRY(spline_apply_float32, Spline, float, false)
ENTRY(spline_apply_float64, Spline, double, false)
ENTRY(spline_pull_float32, Spline, float, true)
ENTRY(spline_pull_float64, Spline, double, true)
ENTRY(affine_apply_float32, Affine, float, false)
ENTRY(affine_apply_float64, Affine, double, false)
ENTRY(affine_pull_float32, Affine, float, true)
ENTRY(affine_pull_float64, Affine, double, true)

extern "C" int64_t job_size() { return sizeof(Job); }
