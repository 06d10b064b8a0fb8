// What a field says about XML schemas.
// thriftpy2 refuses: it has nothing of XML schemas
struct Document xsd_all {
  1: string title xsd_optional
  2: string body xsd_optional xsd_nillable
  3: string author xsd_nillable
  4: string id xsd_attrs { 1: string scheme = "urn", 2: required i32 version }
  5: i32 size = 3 xsd_optional xsd_nillable xsd_attrs { 1: string unit } (unit = "byte")
}
union Part xsd_all {
  1: string text
}
