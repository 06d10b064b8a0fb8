struct Plain { 1: required string name, 2: optional i32 age = 18, 3: bool flag }
struct Automatic { string name; 1: i32 age; string nickname }
struct Negative { -1: i32 a, i32 b, -7: i32 c, i32 d, 0: i32 e, 40000: i32 f }
union Either { 1: i32 left, 2: string right }
exception Failed { 1: string why } (code = "500")
struct Recursive { 1: list<Recursive> children, 2: optional Recursive & parent }
struct Xml xsd_all {
  1: string a xsd_optional
  2: string b xsd_nillable
  3: string c = "x" xsd_optional xsd_nillable xsd_attrs { 1: string id } (annotated = "yes")
}
struct Annotated {
  1: i32 (on.type = "1") a (on.field = "2", bare, default = "3";)
  2: string b = "it's" (quoted = 'say "hi"')
} (on.struct = "4")
struct Cpp { 1: i32 & a }
// apache differs at structs.Negative.fields: it replaces ids that are not positive
// thriftpy2 refuses: it takes ids that it gave itself for duplicates
