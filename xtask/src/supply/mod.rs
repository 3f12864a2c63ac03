//! What the server is made of: `cargo xtask sbom` writes it down (CycloneDX 1.5), `cargo xtask test supply` checks that all of
//! it may be there, by `deny.toml`. Both work offline, from the lock files, which must be up to date. Where there is
//! cargo-deny, it is asked, too; advisories need its database and are not looked at here.

mod licence;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use self::rules::Rules;
use crate::{process, say};

/// Licences of what is in the pages, which cargo-deny does not know.
const PAGE_LICENCES: [&str; 3] = ["Apache-2.0", "MIT", "OFL-1.1"];

/// The package that is the server.
const SERVER: &str = "genlock";

/// The package of the programs that fuzz it, in a workspace of its own with a lock of its own.
const FUZZ: &str = "genlock-fuzz-programs";
const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

/// A package of the server.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    /// As CycloneDX names it: a package URL.
    purl: String,
    name: String,
    version: String,
    licence: String,
    /// Where it comes from; `None` if it is ours.
    source: Option<String>,
    needs: Vec<String>,
}

/// Writes `target/genlock.cdx.json`.
pub(crate) fn sbom() -> Result<()> {
    let file = process::root().join("target/genlock.cdx.json");
    let (packages, pages) = (packages_of(SERVER, "Cargo.toml")?, pages()?);
    let text = serde_json::to_string_pretty(&document(&packages, &pages))? + "\n";
    fs::create_dir_all(process::root().join("target"))?;
    fs::write(&file, text).context("cannot write the list")?;
    say(&format!("{}: {} packages", file.display(), packages.len() + pages.len()));
    Ok(())
}

/// Checks licences, sources and what is not wanted, of the server and of what fuzzes it.
pub(crate) fn check() -> Result<()> {
    let rules = Rules::read()?;
    let (packages, fuzz) = (packages_of(SERVER, "Cargo.toml")?, packages_of(FUZZ, FUZZ_MANIFEST)?);
    let mut found: BTreeSet<_> =
        packages.iter().chain(&fuzz).flat_map(|package| faults(package, &rules)).collect();
    found.extend(pages()?.iter().flat_map(page_faults));
    if !found.is_empty() {
        bail!("{}", found.into_iter().collect::<Vec<_>>().join("\n"));
    }
    for (name, versions) in several(&packages) {
        say(&format!("{name} is there {} times: {}", versions.len(), versions.join(", ")));
    }
    ask_cargo_deny()
}

/// Lets cargo-deny judge, where it is installed.
fn ask_cargo_deny() -> Result<()> {
    let asked = Command::new("cargo-deny").arg("--version").stdout(Stdio::null()).status();
    if asked.is_err() {
        say("cargo-deny is not installed: deny.toml was read by this step alone");
        return Ok(());
    }
    for manifest in ["Cargo.toml", FUZZ_MANIFEST] {
        let mut deny = Command::new("cargo-deny");
        deny.current_dir(process::root())
            .args(["--offline", "--locked", "--manifest-path", manifest])
            .args(["--config", "deny.toml", "check", "licenses", "bans", "sources"]);
        process::run(&mut deny)?;
    }
    Ok(())
}

fn faults(package: &Package, rules: &Rules) -> Vec<String> {
    let Package { name, version, licence, source, .. } = package;
    let mut faults = Vec::new();
    if !licence::is_allowed(licence, &rules.licences_of(name)) {
        faults.push(format!(
            "{name} {version}: the licence `{licence}` is not among those that may be"
        ));
    }
    let registry = |source: &String| source.strip_prefix("registry+").map(str::to_owned);
    let known = |source| registry(source).is_some_and(|at| rules.registries.contains(&at));
    if source.as_ref().is_some_and(|source| !known(source)) {
        faults.push(format!("{name} {version} does not come from a registry that may be"));
    }
    if let Some(reason) = rules.unwanted.get(name) {
        faults.push(format!("{name} {version} is not wanted: {reason}"));
    }
    faults
}

fn page_faults(package: &Package) -> Vec<String> {
    let Package { name, version, licence, source, .. } = package;
    let mut faults = Vec::new();
    if !licence::is_allowed(licence, &PAGE_LICENCES) {
        faults.push(format!(
            "{name} {version}: the licence `{licence}` is not among those that may be"
        ));
    }
    if source.is_none() {
        faults.push(format!("{name} {version} is not pinned by what its registry has"));
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

/// The crates of a program on Linux, with what builds them.
fn packages_of(program: &str, manifest: &str) -> Result<Vec<Package>> {
    let mut cargo = process::cargo(&[
        "metadata",
        "--format-version=1",
        "--filter-platform=x86_64-unknown-linux-gnu",
        "--manifest-path",
        manifest,
    ]);
    let told = cargo.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !told.status.success() {
        bail!("cargo metadata failed for {manifest}: is its lock file up to date?");
    }
    crates(program, &serde_json::from_slice(&told.stdout)?)
}

/// What the package `program` needs, directly or not, of what `cargo metadata` tells.
fn crates(program: &str, metadata: &Value) -> Result<Vec<Package>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("no graph")?;
    let needs: BTreeMap<&str, Vec<&str>> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, needs_of(node)))).collect();
    let packages = metadata["packages"].as_array().context("no packages")?;
    let by_id: BTreeMap<&str, &Value> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package))).collect();
    let root = by_id.iter().find(|(_, package)| package["name"] == program);
    let mut open = vec![*root.with_context(|| format!("there is no package `{program}`"))?.0];
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
                source: source.map(str::to_owned),
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
                source: package["integrity"].as_str().map(str::to_owned),
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

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn metadata() -> Value {
        let package = |name: &str, source: Value, license: &str| {
            json!({
                "id": name, "name": name, "version": "1.0.0", "source": source, "license": license,
            })
        };
        let registry = || json!(REGISTRY);
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
        let packages = crates(SERVER, &metadata()).unwrap();
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["bytes", "cc", "genlock"]);
        let rules = Rules::read().unwrap();
        assert!(packages.iter().all(|package| faults(package, &rules).is_empty()));
    }

    #[test]
    fn licences_sources_and_unwanted_packages_are_faults() {
        let good = || crates(SERVER, &metadata()).unwrap().remove(0);
        let rules = Rules::read().unwrap();
        let count = |package: Package| faults(&package, &rules).len();
        assert_eq!(count(Package { licence: "GPL-3.0".to_owned(), ..good() }), 1);
        for source in ["git+https://github.com/a/b", "registry+https://elsewhere/index"] {
            assert_eq!(count(Package { source: Some(source.to_owned()), ..good() }), 1);
        }
        assert_eq!(count(Package { name: "openssl".to_owned(), ..good() }), 1);
        let page = Package { source: None, ..good() };
        assert_eq!(page_faults(&page).len(), 1);
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
        let document = document(&crates(SERVER, &metadata()).unwrap(), &[]);
        assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/genlock@1.0.0");
        let components = document["components"].as_array().unwrap();
        assert_eq!(components.len(), 2);
        assert_eq!(components[1]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        let expect = json!({ "ref": "pkg:cargo/bytes@1.0.0", "dependsOn": ["pkg:cargo/cc@1.0.0"] });
        assert_eq!(document["dependencies"][0], expect);
    }
}
