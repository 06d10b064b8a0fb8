// fbthrift's float: it can be loaded, and is warned of.
// apache refuses: it has no float
// thriftpy2 refuses: it has no float
struct Measure {
  1: float value = 1.5
  2: list<float> values
  3: double precise
}
const float HALF = 0.5
