//! What the program is made of: licences that allow it, no network code, and libraries that could
//! run in a browser.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Licences, of which each dependency has to offer one.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
];

/// Crates that open connections.
const NETWORK: &[&str] = &[
    "reqwest",
    "hyper",
    "ureq",
    "curl",
    "curl-sys",
    "isahc",
    "attohttpc",
    "tokio",
    "async-std",
    "mio",
    "socket2",
    "rustls",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "h2",
    "tungstenite",
    "hickory-resolver",
];

/// What the libraries must do without: C code and everything of the world around.
const IMPURE: &[&str] = &["cc", "age", "rayon", "clap", "tempfile", "rpassword", "indicatif", "glob"];

struct Graph {
    packages: BTreeMap<String, Value>,
    /// Normal dependencies, by package id.
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn load() -> Self {
        let output = Command::new(env!("CARGO"))
            // Only what this system links: crates for others may never have been downloaded.
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--offline",
                "--filter-platform",
                &host(),
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let packages = metadata["packages"].as_array().unwrap();
        let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
        Self {
            packages: packages.iter().map(|package| (id(package), package.clone())).collect(),
            edges: nodes.iter().map(|node| (id(node), normal_dependencies(node))).collect(),
        }
    }

    /// Names of everything that is linked into a crate of this workspace.
    fn closure(&self, name: &str) -> BTreeSet<String> {
        let is_root = |package: &Value| package["name"] == name && package["source"].is_null();
        let (root, _) = self.packages.iter().find(|(_, package)| is_root(package)).unwrap();
        let mut open = vec![root.clone()];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                open.extend(self.edges[&id].iter().cloned());
            }
        }
        seen.iter().map(|id| self.packages[id]["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn normal_dependencies(node: &Value) -> Vec<String> {
    let is_normal = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array().unwrap();
        kinds.iter().any(|kind| kind["kind"].is_null())
    };
    let dependencies = node["deps"].as_array().unwrap();
    dependencies.iter().filter(is_normal).map(|dep| dep["pkg"].as_str().unwrap().to_owned()).collect()
}

/// The system that the compiler builds for by default.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn every_licence_allows_the_program() {
    let graph = Graph::load();
    let names = graph.closure("otpferry");
    let allowed = |expression: &str| {
        // `A OR B` offers a choice; `A AND B` asks for both.
        expression.replace('/', " OR ").split(" OR ").any(|choice| {
            let parts = choice.split(" AND ").map(|part| part.trim().trim_matches(['(', ')']));
            parts.map(|part| part.split(" WITH ").next().unwrap()).all(|part| LICENCES.contains(&part))
        })
    };
    let refused: Vec<String> = graph
        .packages
        .values()
        .filter(|package| names.contains(package["name"].as_str().unwrap()))
        .filter(|package| !allowed(package["license"].as_str().unwrap_or("none")))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(names.len() > 100, "the graph was not read");
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn nothing_opens_connections() {
    let names = Graph::load().closure("otpferry");
    let found: Vec<_> = NETWORK.iter().filter(|name| names.contains(**name)).collect();
    assert_eq!(found, Vec::<&&str>::new());
}

#[test]
fn the_libraries_are_pure() {
    let graph = Graph::load();
    for library in ["otpferry-formats", "otpferry-scan"] {
        let names = graph.closure(library);
        let impure = |name: &&String| IMPURE.contains(&name.as_str()) || name.ends_with("-sys");
        let found: Vec<_> = names.iter().filter(impure).collect();
        assert_eq!(found, Vec::<&String>::new(), "{library}");
    }
}
