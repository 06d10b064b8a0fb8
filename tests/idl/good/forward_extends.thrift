// A service that extends a later one.
// apache refuses: a service can be extended only after its definition
// thriftpy2 refuses: a service can be extended only after its definition
service Derived extends Middle {
  void derived()
}
service Middle extends Base {
  void middle()
}
service Base {
  void base()
}
