// The older word for oneway.
// thriftpy2 refuses: it has no word async
service Log {
  async void write(1: string line)
  oneway void flush()
}
