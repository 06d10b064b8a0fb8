const string A = "café"
// apache accepts: it does not look at the encoding
