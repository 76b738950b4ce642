//! Gives the shared library its soname, libtaskwire.so.MAJOR, so that a program asks at run time for a library of the
//! interface that it was built with, whatever the file is called.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if matches!(set("CARGO_CFG_TARGET_OS").as_str(), "linux" | "android" | "freebsd" | "netbsd" | "openbsd") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtaskwire.so.{}", set("CARGO_PKG_VERSION_MAJOR"));
    }
}
