//! Outsiders check a log: Go's `sumdb/note` opens its checkpoints, Go's `sumdb/tlog` checks its proofs.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use cpni_guard::interaction::{AccountFacts, MemoryContacts, MemoryDirectory};
use cpni_guard::{AccountId, Guard, MemoryKeys, Schema, Stores};

#[test]
#[ignore = "needs Go and its module proxy: scripts/check --only interop"]
fn go_opens_our_checkpoints_and_checks_our_proofs() {
    let folder = Folder(std::env::temp_dir().join(format!("cpni-guard-interop-{}", std::process::id())));
    fs::create_dir(&folder.0).unwrap();
    let guard = guard();
    let account = AccountId::new("A-1").unwrap();
    let grow = |events: u8| {
        for _ in 0..events {
            guard.set_account_facts(&account, &AccountFacts::default()).unwrap();
        }
    };
    grow(21);
    let old = guard.audit().checkpoint().unwrap();
    grow(32);
    let new = guard.audit().checkpoint().unwrap();
    let consistency = guard.audit().prove_consistency(old.tree(), new.tree()).unwrap();
    let consistency: Vec<_> = consistency.iter().map(|hash| Base64::encode_string(hash)).collect();
    folder.write("vkey", &guard.audit().verifying_key().to_string());
    folder.write("old.checkpoint", old.note());
    folder.write("new.checkpoint", new.note());
    folder.write("consistency", &consistency.join("\n"));
    for index in [0, 20, 31, 53] {
        folder.write(&format!("{index}.tlog-proof"), &guard.audit().prove(index).unwrap());
    }
    assert_eq!(folder.check(), Ok(()));

    // And Go does look: each file that is changed is refused.
    for (name, from, to) in [
        ("vkey", "+A", "+B"),
        ("old.checkpoint", "\n22\n", "\n21\n"),
        ("new.checkpoint", "\n54\n", "\n55\n"),
        ("consistency", "=\n", "=\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        ("20.tlog-proof", "\nindex 20\n", "\nindex 21\n"),
        ("31.tlog-proof", "\nextra AQ", "\nextra AR"),
    ] {
        let file = folder.0.join(name);
        let text = fs::read_to_string(&file).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{name}");
        folder.write(name, &changed);
        assert!(folder.check().is_err(), "{name}");
        folder.write(name, &text);
    }
    assert_eq!(folder.check(), Ok(()));
}

fn guard() -> Guard {
    Guard::builder()
        .schema(Schema::from_toml(include_str!("../examples/subscriber.toml")).unwrap())
        .keys(MemoryKeys::new().unwrap())
        .store(Stores::in_memory())
        .grants(include_str!("../examples/grants.toml"))
        .agents(Arc::new(MemoryDirectory::default()))
        .contacts(Arc::new(MemoryContacts::default()))
        .build()
        .unwrap()
}

/// A folder that is removed with the test.
struct Folder(PathBuf);

impl Folder {
    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// What Go says about the files.
    fn check(&self) -> Result<(), String> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
        let out = Command::new("go").args(["run", "."]).arg(&self.0).current_dir(program).output().unwrap();
        if out.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
