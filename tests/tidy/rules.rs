//! The rules of tidy, each a function from sources to breaches. What they compare with stands in the tables of
//! `tests/tidy.rs`, how sources are read in `source.rs`.

use crate::source::{
    begins_word, breach, code_before_tests, code_only, is_test_file, rust, whole_word, Breach, Source,
};
use crate::*;
use std::collections::{BTreeMap, BTreeSet};

/// The module of the core that a file belongs to, and its layer.
pub fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

pub fn module_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// The names that follow `crate::` in a line of code; of a group in braces, all of them.
pub fn crate_imports(code: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (at, matched) in code.match_indices("crate::") {
        if !begins_word(code, at) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + matched.len()..];
        let name =
            |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut begins = 0;
            for (offset, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        let item = group[begins..offset].trim_start();
                        names.push((line + group[..offset - item.len()].matches('\n').count(), name(item)));
                        begins = offset + 1;
                    }
                    _ => {}
                }
                if c == '}' && depth == 0 && begins == offset + 1 {
                    break;
                }
            }
        } else {
            names.push((line, name(rest)));
        }
    }
    names.retain(|(_, name)| !name.is_empty());
    names
}

pub fn layer_order(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut siblings: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in rust(sources, "src/").filter(|source| source.path != "src/lib.rs" && !is_test_file(&source.path)) {
        let module = module_of(&source.path);
        let Some(layer) = layer_of(module) else {
            breaches.push(breach(
                source,
                0,
                format!("module `{module}` has no layer; give it one in LAYERS of tests/tidy.rs"),
            ));
            continue;
        };
        let code = code_before_tests(source);
        for (line, name) in crate_imports(&code) {
            match layer_of(&name) {
                _ if name == module => {}
                None => {
                    let message =
                        format!("`crate::{name}` is no module of a layer; import from the module that owns the name");
                    breaches.push(breach(source, line, message));
                }
                Some(other) if other > layer => {
                    let (below, above) = (LAYERS[layer].0, LAYERS[other].0);
                    let message = format!("`{module}` ({below}) imports `{name}` ({above}); imports go only downwards");
                    breaches.push(breach(source, line, message));
                }
                Some(_) if STRANGERS.iter().any(|&(a, b)| (a, b) == (module, &*name) || (b, a) == (module, &*name)) => {
                    breaches.push(breach(
                        source,
                        line,
                        format!("`{module}` imports `{name}`; the two must not know of one another"),
                    ));
                }
                Some(other) if other == layer && !CIRCLES_ALLOWED.contains(&LAYERS[layer].0) => {
                    siblings.entry(module).or_default().insert(name);
                }
                Some(_) => {}
            }
        }
        for (at, _) in code.match_indices("super::super").filter(|&(at, _)| begins_word(&code, at)) {
            let line = code[..at].matches('\n').count() + 1;
            breaches.push(breach(source, line, "`super::super` hides which layer is meant; write `crate::…`"));
        }
    }
    for (module, start) in &siblings {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = start.iter().map(String::as_str).collect();
        while let Some(next) = open.pop() {
            if next == *module {
                let message = format!("`{module}` imports itself through siblings of its layer ({seen:?})");
                breaches.push(Breach { path: format!("src/{module}"), line: 0, message });
                break;
            }
            if seen.insert(next) {
                open.extend(siblings.get(next).into_iter().flatten().map(String::as_str));
            }
        }
    }
    breaches
}

/// Every module that the table of layers names has a file.
pub fn layers_exist(sources: &[Source], layers: &[(&str, &[&str])]) -> Vec<Breach> {
    let names = layers.iter().flat_map(|(_, modules)| modules.iter());
    let missing = names.filter(|name| {
        let files = [format!("src/{name}.rs"), format!("src/{name}/mod.rs")];
        !sources.iter().any(|source| files.contains(&source.path))
    });
    let message = "LAYERS names this module, and there is none: remove it from the table";
    missing.map(|name| Breach { path: format!("src/{name}"), line: 0, message: message.into() }).collect()
}

/// Places in the code of the core, tests included, that name something forbidden.
pub fn forbidden(sources: &[Source], words: &[&str], why: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in rust(sources, "src/") {
        for (number, line) in code_only(&source.text).lines().enumerate() {
            let hit = words.iter().find(|word| line.match_indices(**word).any(|(at, _)| begins_word(line, at)));
            if let Some(word) = hit {
                breaches.push(breach(source, number + 1, format!("`{word}`: {why}")));
            }
        }
    }
    breaches
}

pub fn no_clock(sources: &[Source]) -> Vec<Breach> {
    forbidden(sources, CLOCKS, "the core reads no clock; time comes in as `now`")
}

pub fn no_randomness(sources: &[Source]) -> Vec<Breach> {
    forbidden(sources, RANDOMNESS, "the core draws no random number; the host gives a seed")
}

pub fn no_random_hasher(sources: &[Source]) -> Vec<Breach> {
    forbidden(sources, RANDOM_HASHERS, "hash maps are keyed from the host's seed, or the same calls give other bytes")
}

pub fn no_globals(sources: &[Source]) -> Vec<Breach> {
    forbidden(sources, GLOBALS, "the core has no globals and shares nothing between objects")
}

pub fn no_input_or_output(sources: &[Source]) -> Vec<Breach> {
    forbidden(sources, INPUT_OUTPUT, "the core does no input or output; the host does")
}

pub fn core_forbids_unsafe(sources: &[Source]) -> Vec<Breach> {
    let root = sources.iter().find(|source| source.path == "src/lib.rs").expect("src/lib.rs is among the sources");
    match code_only(&root.text).contains("#![forbid(unsafe_code)]") {
        true => Vec::new(),
        false => vec![breach(root, 0, "`#![forbid(unsafe_code)]` is missing")],
    }
}

/// `unsafe` stands only where it is allowed, and every unsafe block there has a SAFETY line close above it.
pub fn unsafe_has_its_place(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in rust(sources, "") {
        let allowed = UNSAFE_ALLOWED.iter().any(|place| source.path.starts_with(place));
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in code_only(&source.text).lines().enumerate() {
            let mut hits = line.match_indices("unsafe").filter(|&(at, _)| whole_word(line, at, 6)).peekable();
            let is_block = |at: usize| line[at + 6..].trim_start().starts_with('{');
            if hits.peek().is_some() && !allowed {
                breaches.push(breach(source, number + 1, format!("`unsafe` is only for {UNSAFE_ALLOWED:?}")));
            } else if hits.any(|(at, _)| is_block(at)) {
                let mut above = lines[number.saturating_sub(6)..=number].iter();
                if !above.any(|line| line.contains("SAFETY:")) {
                    breaches.push(breach(source, number + 1, "this unsafe block has no `// SAFETY:` line above it"));
                }
            }
        }
    }
    breaches
}

/// Every source file begins by saying what it is responsible for.
pub fn header_comments(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        let end = source.path.rsplit('.').next().unwrap_or("");
        let marks: &[&str] = match end {
            "rs" | "c" | "h" | "cpp" | "hpp" => &["//!", "/*", "//"],
            "go" => &["//"],
            "sh" => &["#"],
            _ => continue,
        };
        let mut lines = source.text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("#!/")).take(4);
        let first = lines.next().unwrap_or("");
        let said: usize =
            std::iter::once(first).chain(lines).map(|line| line.trim_matches(['/', '*', '!', '#', ' ']).len()).sum();
        if !marks.iter().any(|mark| first.starts_with(mark)) || said < 20 {
            breaches.push(breach(
                source,
                1,
                format!("begin with a comment ({}) that says what the file is responsible for", marks[0]),
            ));
        }
    }
    breaches
}

/// Files stay short; those that are longer are listed, and get no longer.
pub fn file_length(sources: &[Source], exceptions: &[(&str, usize)]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        let held = LENGTH_HELD.iter().any(|folder| source.path.starts_with(folder));
        if !held || ![".rs", ".c", ".h", ".cpp", ".go"].iter().any(|end| source.path.ends_with(end)) {
            continue;
        }
        let lines = code_before_tests(source).lines().count();
        let exception = exceptions.iter().find(|(path, _)| *path == source.path).map(|&(_, lines)| lines);
        let message = match exception {
            None if lines > LENGTH_LIMIT => {
                format!("{lines} lines, the limit is {LENGTH_LIMIT}; divide it by responsibility")
            }
            Some(_) if lines <= LENGTH_LIMIT => "within the limit again: remove it from LENGTH_EXCEPTIONS".to_string(),
            Some(listed) if lines > listed => {
                format!("grew from {listed} to {lines} lines; a file over the limit may only shrink")
            }
            Some(listed) if lines < listed => {
                format!("shrank from {listed} to {lines} lines: lower its number in LENGTH_EXCEPTIONS")
            }
            _ => continue,
        };
        breaches.push(breach(source, 0, message));
    }
    for (path, _) in exceptions.iter().filter(|(path, _)| sources.iter().all(|source| source.path != *path)) {
        breaches.push(Breach {
            path: path.to_string(),
            line: 0,
            message: "does not exist: remove it from LENGTH_EXCEPTIONS".into(),
        });
    }
    breaches
}

/// Every file of a crate's `src/` is declared by a `mod` of its parent.
pub fn dead_files(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with(".rs")) {
        let Some(end) = source.path.find("src/") else { continue };
        let (root, inside) = source.path.split_at(end + 4);
        let is_root = inside == "lib.rs" || inside == "main.rs" || inside.starts_with("bin/");
        if is_root || !["", "ffi/", "sim/", "examples/", "benches/", "fuzz/"].contains(&&source.path[..end]) {
            continue;
        }
        let module = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        let (parents, name) = match module.rsplit_once('/') {
            Some((parent, name)) => (vec![format!("{root}{parent}.rs"), format!("{root}{parent}/mod.rs")], name),
            None => (vec![format!("{root}lib.rs"), format!("{root}main.rs")], module),
        };
        let declares = |parent: &&Source| {
            let declaration = format!("mod {name};");
            parents.contains(&parent.path)
                && code_only(&parent.text).lines().any(|line| line.trim_start().ends_with(&declaration))
        };
        if !sources.iter().any(|parent| declares(&parent)) {
            breaches.push(breach(source, 0, format!("dead file: no `mod {name};` in {}", parents.join(" or "))));
        }
    }
    breaches
}

pub fn words_anywhere(sources: &[Source], words: &[&str], why: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            let hit = words.iter().find(|word| line.match_indices(**word).any(|(at, _)| begins_word(line, at)));
            if let Some(word) = hit {
                breaches.push(breach(source, number + 1, format!("`{word}`: {why}")));
            }
        }
    }
    breaches
}

pub fn no_leftovers(sources: &[Source]) -> Vec<Breach> {
    words_anywhere(
        sources,
        LEFTOVERS,
        "finish it, or file an issue; nothing half done and no skipped test stays in the tree",
    )
}

pub fn no_workplace_paths(sources: &[Source]) -> Vec<Breach> {
    words_anywhere(sources, WORKPLACES, "a path of one machine; make it relative, or take it as an argument")
}
