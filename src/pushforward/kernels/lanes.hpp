// Vectors of 64 bytes and the few functions that the maps need on them, free of libm and of libmvec.
//
// GCC and Clang compile these to whatever the processor has (512, 256 or 128 bits at a time).
#pragma once
#include <cstdint>
#include <cstring>

#define ALWAYS __attribute__((always_inline))  // else a lambda is compiled for the default processor
#define INLINE inline ALWAYS

// Compiled thrice on x86; the loader takes what the processor has.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_PROCESSOR
#endif

template <class T> struct Lanes;

template <> struct Lanes<float> {
  typedef float V __attribute__((vector_size(64)));
  typedef int32_t I __attribute__((vector_size(64)));
  static constexpr int width = 16, mantissa = 23, bias = 127;
  static constexpr int32_t fraction = 0x007fffff, one = 0x3f800000;
  static constexpr float least = -87.0f, most = 88.0f, tiny = 1.1754944e-38f;
  // ln 2 in two parts: n times the first is exact for every n that occurs
  static constexpr float ln2_head = 0.693359375f, ln2_tail = -2.12194440e-4f;
  static constexpr int exp_terms = 7, log_terms = 6;  // the remainders are below half a rounding
};

template <> struct Lanes<double> {
  typedef double V __attribute__((vector_size(64)));
  typedef int64_t I __attribute__((vector_size(64)));
  static constexpr int width = 8, mantissa = 52, bias = 1023;
  static constexpr int64_t fraction = 0x000fffffffffffffLL, one = 0x3ff0000000000000LL;
  static constexpr double least = -708.0, most = 709.0, tiny = 2.2250738585072014e-308;
  static constexpr double ln2_head = 6.93147180369123816490e-01,
                          ln2_tail = 1.90821492927058770002e-10;
  static constexpr int exp_terms = 13, log_terms = 12;
};

template <class T> using Vec = typename Lanes<T>::V;
template <class T> using Int = typename Lanes<T>::I;

template <class T> INLINE Vec<T> all(T value) { return Vec<T>{} + value; }

template <class T> INLINE Vec<T> vmin(Vec<T> a, Vec<T> b) { return b < a ? b : a; }  // a NaN in a stays
template <class T> INLINE Vec<T> vmax(Vec<T> a, Vec<T> b) { return b > a ? b : a; }
template <class T> INLINE Vec<T> vabs(Vec<T> a) { return a < T(0) ? -a : a; }

template <class T> INLINE Vec<T> vsqrt(Vec<T> a) {
  for (int l = 0; l < Lanes<T>::width; l++)
    a[l] = sizeof(T) == 4 ? (T)__builtin_sqrtf((float)a[l]) : (T)__builtin_sqrt((double)a[l]);
  return a;
}

// e^x = 2^n e^r with |r| <= ln(2)/2, the latter by its Taylor series.
template <class T> INLINE Vec<T> vexp(Vec<T> x) {
  using L = Lanes<T>;
  x = vmin<T>(vmax<T>(x, all<T>(L::least)), all<T>(L::most));
  const Vec<T> scaled = x * T(1.4426950408889634);
  const Int<T> n = __builtin_convertvector(scaled + (scaled < T(0) ? all<T>(-0.5) : all<T>(0.5)), Int<T>);
  const Vec<T> whole = __builtin_convertvector(n, Vec<T>);
  const Vec<T> r = (x - whole * L::ln2_head) - whole * L::ln2_tail;
  Vec<T> series = all<T>(1);
  for (int k = L::exp_terms; k >= 1; k--) series = T(1) + series * r * T(1.0 / k);
  return series * (Vec<T>)((n + L::bias) << L::mantissa);
}

// log x = n ln 2 + log m with m in [sqrt(1/2), sqrt 2), the latter as 2 artanh((m - 1)/(m + 1)).
template <class T> INLINE Vec<T> vlog(Vec<T> x) {
  using L = Lanes<T>;
  const Int<T> bits = (Int<T>)x;
  Vec<T> m = (Vec<T>)((bits & L::fraction) | L::one);
  Vec<T> n = __builtin_convertvector((bits >> L::mantissa) - L::bias, Vec<T>);
  const Int<T> upper = m > T(1.4142135623730951);
  m = upper ? m * T(0.5) : m;
  n = upper ? n + T(1) : n;
  const Vec<T> f = (m - T(1)) / (m + T(1)), square = f * f;
  Vec<T> series = all<T>(0);
  for (int k = L::log_terms; k >= 1; k--) series = (series + T(1.0 / (2 * k + 1))) * square;
  const Vec<T> result = n * L::ln2_head + (n * L::ln2_tail + (f + f) + (f + f) * series);
  return x < T(1) / L::tiny ? result : x;  // an infinity or NaN stays one
}

// log(1 + e^x): the lost part of 1 + e is given back to first order.
template <class T> INLINE Vec<T> vsoftplus(Vec<T> x) {
  const Vec<T> e = vexp<T>(-vabs<T>(x)), w = e + T(1);
  return vmax<T>(x, all<T>(0)) + (vlog<T>(w) + (e - (w - T(1))) / w);
}

template <class T> INLINE Vec<T> vsigmoid(Vec<T> x) { return T(1) / (vexp<T>(-x) + T(1)); }

// A block of `width` numbers that lie `step` apart, of which only `count` exist.
template <class T> INLINE Vec<T> load(const T *at, int64_t step, int count) {
  Vec<T> v{};
  if (step == 1 && count == Lanes<T>::width) memcpy(&v, at, sizeof v);
  else for (int l = 0; l < count; l++) v[l] = at[l * step];
  return v;
}

template <class T> INLINE void store(T *at, int64_t step, int count, Vec<T> v) {
  if (step == 1 && count == Lanes<T>::width) memcpy(at, &v, sizeof v);
  else for (int l = 0; l < count; l++) at[l * step] = v[l];
}
