//! Passes the version of `CPython` on as `cfg`, where there is one.

fn main() {
    #[cfg(feature = "python")]
    pyo3_build_config::use_pyo3_cfgs();
}
