//! The rule of tidy about documents: what they point to exists.

use crate::source::{breach, Breach, Source};

/// What the documents point to exists: files behind relative links, and targets of the Makefile.
pub fn point_somewhere(sources: &[Source], exists: &dyn Fn(&str) -> bool) -> Vec<Breach> {
    let makefile = sources.iter().find(|source| source.path == "Makefile").map_or("", |source| source.text.as_str());
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with(".md")) {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut fenced = false;
        for (number, line) in source.text.lines().enumerate() {
            for (at, mark) in line.match_indices("](") {
                let target = line[at + mark.len()..].split([')', '#', ' ']).next().unwrap_or("");
                if !target.is_empty()
                    && !target.contains("://")
                    && !target.starts_with("mailto:")
                    && !exists(&resolve(folder, target))
                {
                    breaches.push(breach(source, number + 1, format!("the link to `{target}` leads nowhere")));
                }
            }
            fenced ^= line.trim_start().starts_with("```");
            let command = line.trim_start().trim_start_matches("$ ");
            let spans = line.split('`').skip(1).step_by(2).filter(|_| !fenced);
            for span in spans.chain(fenced.then_some(command)) {
                let Some(target) = span.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next()) else {
                    continue;
                };
                let is_name = target.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                if is_name && !makefile.lines().any(|rule| rule.starts_with(&format!("{target}:"))) {
                    breaches.push(breach(source, number + 1, format!("`make {target}` is no target of the Makefile")));
                }
            }
        }
    }
    breaches
}

/// A relative link as a path from the root.
pub fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
