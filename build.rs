//! Passes the version of `CPython` on as `cfg`, where there is one.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(known_layouts)");
    #[cfg(feature = "python")]
    python();
}

/// Whether `str`, `int`, `list` and classes are read and made past the public
/// functions: only where their layouts were tested, and nobody wants it
/// otherwise.
#[cfg(feature = "python")]
fn python() {
    use std::env;

    const PUBLIC_CALLS: &str = "FASTTHRIFT_PUBLIC_CALLS";

    pyo3_build_config::use_pyo3_cfgs();
    println!("cargo::rerun-if-env-changed={PUBLIC_CALLS}");
    let version = pyo3_build_config::get().version();
    let tested = version.major == 3 && (10..=15).contains(&version.minor);
    let machine = env::var("CARGO_CFG_TARGET_ENDIAN").is_ok_and(|endian| endian == "little");
    let wanted = env::var_os(PUBLIC_CALLS).is_none_or(|value| value.is_empty());
    if tested && machine && wanted {
        println!("cargo::rustc-cfg=known_layouts");
    }
}
