const string A = "\q"
