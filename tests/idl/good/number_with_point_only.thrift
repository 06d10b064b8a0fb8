// A point without digits after it.
// apache refuses: it wants digits after a point
const double A = 2.
