//! Every committed input of every fuzz target keeps the target's promises, on stable and without libFuzzer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use genlock_fuzz::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Names of what is in a folder, without their extensions.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let stem = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a folder that can be read").path();
        path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    };
    entries.map(stem).collect()
}

#[test]
fn every_committed_input_keeps_the_promises() {
    for target in TARGETS {
        let folder = fuzz().join("seeds").join(target.name);
        let mut inputs = 0;
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"))
        {
            let path = entry.unwrap().path();
            // Whoever reads a failure sees which input it was.
            println!("{}", path.display());
            (target.run)(&std::fs::read(&path).unwrap());
            inputs += 1;
        }
        assert!(inputs >= 3, "{} has {inputs} seeds", target.name);
    }
}

#[test]
fn every_target_has_a_program_and_seeds_and_none_is_left_over() {
    let targets = TARGETS.iter().map(|target| target.name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(&fuzz().join("fuzz_targets")), targets);
    assert_eq!(names(&fuzz().join("seeds")), targets);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in &targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
    }
}

#[test]
fn the_seeds_stay_small() {
    let mut bytes = 0;
    for target in TARGETS {
        for entry in std::fs::read_dir(fuzz().join("seeds").join(target.name)).unwrap() {
            bytes += entry.unwrap().metadata().unwrap().len();
        }
    }
    assert!(bytes < 1 << 20, "{bytes} bytes of seeds: minimise them");
}
