struct _A1 { 1: i32 _b, 2: i32 c_2, 3: i32 e10, 4: i32 D__d }
const i32 _X9 = 9
enum _E_1 { A_1 = 1, _B }
