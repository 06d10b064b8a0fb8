// The order of `uuid`, which maps and sets of C++ need, and Apache's library does not have.

#pragma once

#include <algorithm>

#include <thrift/TUuid.h>

namespace apache {
namespace thrift {

inline bool operator<(const TUuid& a, const TUuid& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace thrift
}  // namespace apache
