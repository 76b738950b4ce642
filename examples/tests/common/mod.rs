//! What the tests of the programs share: building the programs in C, and folders to run them in.

pub mod bench;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a command that must succeed; its words are shown when it does not.
fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The static library with the C ABI, built by the same cargo as this test.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(root()).args(["build", "--locked", "-p", "taskwire-ffi", "--target-dir"]).arg(&target);
        must(&mut cargo);
        target.join("debug/libtaskwire_ffi.a")
    })
}

/// Compiles C sources of `examples/c` to a program in `folder`, strictly.
pub fn compile(name: &str, sources: &[PathBuf], folder: &Path) -> PathBuf {
    let program = folder.join(name);
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-O1"]);
    // What the tests run is also looked through by the sanitizers: a fault or a leak is an exit code of its own.
    cc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    cc.arg("-I").arg(root().join("include")).args(sources).arg(library());
    cc.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program);
    must(&mut cc);
    program
}

/// The agent in C, compiled once for all tests of a file.
#[allow(dead_code)] // each test file is a program of its own, and not all need it
pub fn agent() -> &'static Path {
    static AGENT: OnceLock<PathBuf> = OnceLock::new();
    AGENT.get_or_init(|| {
        let test = std::env::current_exe().expect("this test's own name");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test.file_stem().expect("a file's name"));
        std::fs::create_dir_all(&folder).expect("a folder for the agent");
        // The hello programs are whole in themselves.
        let is_part = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(".c") && !name.starts_with("hello_")
        };
        let sources: Vec<PathBuf> = std::fs::read_dir(root().join("examples/c"))
            .expect("examples/c")
            .map(|entry| entry.expect("an entry").path())
            .filter(is_part)
            .collect();
        compile("taskwire-agent", &sources, &folder)
    })
}

/// The agent in Go, built once for all tests of a file. It is linked with the library that `make lib` builds.
#[allow(dead_code)] // as above
pub fn go_agent() -> &'static Path {
    static AGENT: OnceLock<PathBuf> = OnceLock::new();
    AGENT.get_or_init(|| {
        must(Command::new(root().join("scripts/lib.sh")).current_dir(root()));
        must(Command::new(root().join("scripts/go.sh")).arg("build").current_dir(root()));
        root().join("build/bin/taskwire-agent-go")
    })
}
