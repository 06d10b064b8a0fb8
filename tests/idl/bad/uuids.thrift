// Texts that are no UUIDs, and UUIDs that are no texts.
// apache before 0.18 refuses: it has no type uuid
const uuid SHORT = "1234"
const uuid BRACE = "{12345678-1234-5678-1234-567812345678"
const uuid LETTER = "g2345678-1234-5678-1234-567812345678"
const uuid HYPHENS = "1-2345678-1234-5678-1234-56781234567"
const list<uuid> MANY = ["12345678-1234-5678-1234-567812345678", ""]
const map<uuid, i32> KEYS = {"x": 1}
const uuid NUMBER = 5
const uuid RIGHT = "12345678-1234-5678-1234-567812345678"
const string TEXT = RIGHT
struct A { 1: uuid id = "y" }
const A STRUCT = {"id": "z"}
