//! What the server is made of: `cargo xtask sbom` writes it down (CycloneDX 1.5), `cargo xtask test supply` checks that all of
//! it may be there. Both work offline, from `Cargo.lock` and `web/package-lock.json`.

mod licence;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{process, say};

/// What may be asked of whoever passes the server on: to name the authors, and no more.
const LICENCES: [&str; 11] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// The same for what is in the pages.
const PAGE_LICENCES: [&str; 3] = ["Apache-2.0", "MIT", "OFL-1.1"];

/// One TLS, one source of cryptography: rustls on ring.
const UNWANTED: [&str; 4] = ["openssl", "openssl-sys", "native-tls", "aws-lc-sys"];

/// A package of the server.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    /// As CycloneDX names it: a package URL.
    purl: String,
    name: String,
    version: String,
    licence: String,
    /// Whether it comes from a registry, or is ours.
    ours: bool,
    from_registry: bool,
    needs: Vec<String>,
}

/// Writes `target/genlock.cdx.json`.
pub(crate) fn sbom() -> Result<()> {
    let file = process::root().join("target/genlock.cdx.json");
    let (packages, pages) = (server()?, pages()?);
    let text = serde_json::to_string_pretty(&document(&packages, &pages))? + "\n";
    fs::create_dir_all(process::root().join("target"))?;
    fs::write(&file, text).context("cannot write the list")?;
    say(&format!("{}: {} packages", file.display(), packages.len() + pages.len()));
    Ok(())
}

/// Checks licences, sources and what is not wanted.
pub(crate) fn check() -> Result<()> {
    let (packages, pages) = (server()?, pages()?);
    let faults: Vec<_> = packages
        .iter()
        .flat_map(|package| faults(package, &LICENCES))
        .chain(pages.iter().flat_map(|package| faults(package, &PAGE_LICENCES)))
        .collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    for (name, versions) in several(&packages) {
        say(&format!("{name} is there {} times: {}", versions.len(), versions.join(", ")));
    }
    Ok(())
}

fn faults(package: &Package, licences: &[&str]) -> Vec<String> {
    let Package { name, version, licence, .. } = package;
    let mut faults = Vec::new();
    if !licence::is_allowed(licence, licences) {
        faults.push(format!(
            "{name} {version}: the licence `{licence}` is not among those that may be"
        ));
    }
    if !package.ours && !package.from_registry {
        faults.push(format!("{name} {version} does not come from a registry"));
    }
    if UNWANTED.contains(&name.as_str()) {
        faults.push(format!("{name} {version} is not wanted: TLS is rustls on ring"));
    }
    faults
}

/// Packages of which there are several versions.
fn several(packages: &[Package]) -> BTreeMap<&str, Vec<&str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

/// The crates of the server on Linux, with what builds them.
fn server() -> Result<Vec<Package>> {
    let mut cargo = process::cargo(&[
        "metadata",
        "--format-version=1",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ]);
    let told = cargo.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !told.status.success() {
        bail!("cargo metadata failed");
    }
    crates(&serde_json::from_slice(&told.stdout)?)
}

/// What the package `genlock` needs, directly or not, of what `cargo metadata` tells.
fn crates(metadata: &Value) -> Result<Vec<Package>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("no graph")?;
    let needs: BTreeMap<&str, Vec<&str>> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, needs_of(node)))).collect();
    let packages = metadata["packages"].as_array().context("no packages")?;
    let by_id: BTreeMap<&str, &Value> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package))).collect();
    let root = by_id.iter().find(|(_, package)| package["name"] == "genlock");
    let mut open = vec![*root.context("there is no package `genlock`")?.0];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(needs.get(id).into_iter().flatten());
        }
    }
    let purl_of = |id: &str| by_id.get(id).map(|package| crate_purl(package));
    seen.iter()
        .map(|id| {
            let package = by_id.get(id).context("a package is not described")?;
            let source = package["source"].as_str();
            let needs = needs.get(id).into_iter().flatten();
            Ok(Package {
                purl: crate_purl(package),
                name: text(package, "name"),
                version: text(package, "version"),
                licence: text(package, "license"),
                ours: source.is_none(),
                from_registry: source.is_some_and(|source| source.starts_with("registry+")),
                needs: needs.filter_map(|id| purl_of(id)).collect(),
            })
        })
        .collect()
}

/// What a node needs to run or to be built; what only its tests need is left out.
fn needs_of(node: &Value) -> Vec<&str> {
    let dependencies = node["deps"].as_array().into_iter().flatten();
    let not_for_tests = |dependency: &&Value| {
        let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
        kinds.any(|kind| kind["kind"] != "dev")
    };
    dependencies.filter(not_for_tests).filter_map(|dependency| dependency["pkg"].as_str()).collect()
}

fn crate_purl(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

/// The packages that end up in the pages.
fn pages() -> Result<Vec<Package>> {
    let lock = fs::read_to_string(process::root().join("web/package-lock.json"))
        .context("cannot read web/package-lock.json")?;
    npm(&serde_json::from_str(&lock)?)
}

fn npm(lock: &Value) -> Result<Vec<Package>> {
    let packages = lock["packages"].as_object().context("no packages")?;
    let shipped = packages.iter().filter(|(path, package)| {
        !path.is_empty() && package["dev"] != true && !path.contains("@types/")
    });
    shipped
        .map(|(path, package)| {
            let name = path.rsplit("node_modules/").next().unwrap_or(path);
            let version = text(package, "version");
            Ok(Package {
                purl: format!("pkg:npm/{}@{version}", name.replace('@', "%40")),
                name: name.to_owned(),
                version,
                licence: text(package, "license"),
                ours: false,
                from_registry: package["integrity"].is_string(),
                needs: Vec::new(),
            })
        })
        .collect()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn document(packages: &[Package], pages: &[Package]) -> Value {
    let root = packages.iter().find(|package| package.name == "genlock");
    let (name, version) =
        root.map_or(("genlock", ""), |root| (root.name.as_str(), root.version.as_str()));
    let purl = root.map_or("", |root| root.purl.as_str());
    let mut needs: BTreeMap<&str, Vec<&str>> = packages
        .iter()
        .map(|package| (package.purl.as_str(), package.needs.iter().map(String::as_str).collect()))
        .collect();
    if let Some(of_root) = needs.get_mut(purl) {
        of_root.extend(pages.iter().map(|page| page.purl.as_str()));
    }
    let components = packages.iter().chain(pages).filter(|package| package.purl != purl);
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": purl, "purl": purl, "name": name, "version": version,
            }
        },
        "components": components.map(component).collect::<Vec<_>>(),
        "dependencies": needs
            .iter()
            .map(|(purl, needs)| json!({ "ref": purl, "dependsOn": needs }))
            .collect::<Vec<_>>(),
    })
}

fn component(package: &Package) -> Value {
    json!({
        "type": "library",
        "bom-ref": package.purl,
        "purl": package.purl,
        "name": package.name,
        "version": package.version,
        "licenses": [{ "expression": package.licence.replace('/', " OR ") }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Value {
        let package = |name: &str, source: Value, license: &str| {
            json!({
                "id": name, "name": name, "version": "1.0.0", "source": source, "license": license,
            })
        };
        let registry = || json!("registry+somewhere");
        json!({
            "packages": [
                package("genlock", json!(null), "MIT OR Apache-2.0"),
                package("bytes", registry(), "MIT"),
                package("cc", registry(), "MIT/Apache-2.0"),
                package("proptest", registry(), "GPL-3.0"),
            ],
            "resolve": { "nodes": [
                { "id": "genlock", "deps": [
                    { "pkg": "bytes", "dep_kinds": [{ "kind": null }] },
                    { "pkg": "proptest", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "bytes", "deps": [{ "pkg": "cc", "dep_kinds": [{ "kind": "build" }] }] },
                { "id": "cc", "deps": [] },
                { "id": "proptest", "deps": [] },
            ] },
        })
    }

    #[test]
    fn what_only_tests_need_is_not_in_the_server() {
        let packages = crates(&metadata()).unwrap();
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["bytes", "cc", "genlock"]);
        assert!(packages.iter().all(|package| faults(package, &LICENCES).is_empty()));
    }

    #[test]
    fn licences_sources_and_unwanted_packages_are_faults() {
        let good = || crates(&metadata()).unwrap().remove(0);
        let licence = "GPL-3.0".to_owned();
        assert_eq!(faults(&Package { licence, ..good() }, &LICENCES).len(), 1);
        assert_eq!(faults(&Package { from_registry: false, ..good() }, &LICENCES).len(), 1);
        assert_eq!(faults(&Package { name: "openssl".to_owned(), ..good() }, &LICENCES).len(), 1);
    }

    #[test]
    fn pages_are_what_is_not_for_development() {
        let lock = json!({ "packages": {
            "": { "name": "web" },
            "node_modules/react": { "version": "1.0.0", "license": "MIT", "integrity": "sha512-x" },
            "node_modules/@a/b": { "version": "2.0.0", "license": "MIT", "integrity": "sha512-y" },
            "node_modules/vite": { "version": "3.0.0", "license": "MIT", "dev": true },
        } });
        let pages = npm(&lock).unwrap();
        let purls: Vec<_> = pages.iter().map(|package| package.purl.as_str()).collect();
        assert_eq!(purls, ["pkg:npm/%40a/b@2.0.0", "pkg:npm/react@1.0.0"]);
    }

    #[test]
    fn a_document_names_everything_once_and_what_needs_what() {
        let document = document(&crates(&metadata()).unwrap(), &[]);
        assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/genlock@1.0.0");
        let components = document["components"].as_array().unwrap();
        assert_eq!(components.len(), 2);
        assert_eq!(components[1]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        let expect = json!({ "ref": "pkg:cargo/bytes@1.0.0", "dependsOn": ["pkg:cargo/cc@1.0.0"] });
        assert_eq!(document["dependencies"][0], expect);
    }
}
