//! The carrier's back end: a guard, and the table of sealed customers that stands for its database.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpni_guard::interaction::AddressOnFile;
use cpni_guard::vocabulary::{AccountId, Clock as _, ContactPointId, DataClass, ManualClock, Timestamp};
use cpni_guard::{Guard, PassphraseKeys, Record, Schema, SealedRecord, Sensitive, SqliteStore};

use crate::failure::Failure;
use crate::folder::{Folder, make_secret};
use crate::hosts::{Hosts, Hotlines, at, days_before};
use crate::screen::Screen;
use crate::words::thousands;

/// How many customers have a part in the script: the first ones.
pub(crate) const PLAYERS: usize = 8;
/// Since how many days the customers who play have had their address.
const DAYS_ON_FILE: [u64; PLAYERS] = [212, 12, 64, 930, 401, 75, 1_204, 88];

/// Customers on their way in.
pub(crate) struct Customers {
    pub(crate) people: Vec<NewCustomer>,
    /// Their fields, in the order of the source.
    pub(crate) columns: Vec<String>,
}

/// One customer on the way in.
pub(crate) struct NewCustomer {
    pub(crate) account: AccountId,
    pub(crate) record: Record,
    /// For those who play.
    pub(crate) remembered: Option<Remembered>,
}

/// What a customer who plays knows by heart.
#[derive(Default)]
pub(crate) struct Remembered {
    /// The name on the customer's papers.
    pub(crate) name: Option<Sensitive<String>>,
    /// The last call: the other number, and when it began.
    pub(crate) call: Option<(String, Timestamp)>,
}

/// A row of the carrier's table.
pub(crate) struct Sealed {
    pub(crate) account: AccountId,
    pub(crate) record: SealedRecord,
}

/// The back end.
pub(crate) struct Desk {
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hosts: Hosts,
    pub(crate) table: Vec<Sealed>,
    pub(crate) remembered: Vec<Remembered>,
    columns: Vec<String>,
    passphrase: Sensitive<String>,
}

impl Desk {
    /// Makes keys and store in the folder, and puts a guard together.
    pub(crate) fn open(folder: &Folder, schema: Schema, columns: Vec<String>) -> Result<Self, Failure> {
        let (clock, hosts) = (Arc::new(ManualClock::new(at(15, 0))), Hosts::default());
        let passphrase = make_secret()?;
        let guard = Guard::builder()
            .schema(schema)
            .keys(PassphraseKeys::create(folder.key_file(), &passphrase)?)
            .store(SqliteStore::open(folder.store())?)
            .grants(include_str!("../grants.toml"))
            .agents(hosts.directory.clone())
            .contacts(hosts.contacts.clone())
            .account_facts(hosts.accounts.clone())
            .hotlines(Arc::new(Hotlines))
            .clock(clock.clone())
            .build()?;
        let (table, remembered) = (Vec::new(), Vec::new());
        Ok(Self { guard, clock, hosts, table, remembered, columns, passphrase })
    }

    /// Seals the customers, and says how many fields and how long it took.
    pub(crate) fn seal(&mut self, people: Vec<NewCustomer>, screen: &mut Screen) -> Result<(), Failure> {
        let customers = people.len();
        let mut concerns: BTreeMap<String, usize> = BTreeMap::new();
        let (mut fields, mut spent) = (0_usize, Duration::ZERO);
        self.table.reserve_exact(customers);
        for NewCustomer { account, record, remembered } in people {
            let started = Instant::now();
            let protected = self.guard.protect(&account, record)?;
            spent += started.elapsed();
            fields = fields.saturating_add(protected.record.field_names().len());
            for concern in &protected.concerns {
                *concerns.entry(format!("{}: {}", concern.field, concern.fault)).or_default() += 1;
            }
            if let Some(remembered) = remembered {
                let days = DAYS_ON_FILE.get(self.remembered.len()).copied().unwrap_or_default();
                let address = AddressOnFile {
                    id: ContactPointId::new("postal-1")?,
                    since: days_before(self.now(), days),
                };
                self.hosts.accounts.change(&account, |facts| facts.address = Some(address));
                self.remembered.push(remembered);
            }
            self.table.push(Sealed { account, record: protected.record });
            screen.progress("Sealing customers", self.table.len(), customers)?;
        }
        screen.line(&format!(
            " Sealed {} {}, {} fields in {:.2} s",
            thousands(customers),
            if customers == 1 { "customer" } else { "customers" },
            thousands(fields),
            spent.as_secs_f64()
        ))?;
        for (what, times) in concerns {
            let times = thousands(times);
            screen.note(
                1,
                &format!("{times} values do not pass their check, and are sealed all the same ({what})"),
            )?;
        }
        Ok(())
    }

    /// The first field of this class, in the order of the customers' source.
    pub(crate) fn field_of(&self, class: DataClass) -> Option<&str> {
        let of_class = |name: &&String| self.guard.schema().field(name).is_some_and(|f| f.class() == class);
        self.columns.iter().find(of_class).map(String::as_str)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Keeps the table beside keys and log; says where everything is.
    pub(crate) fn keep(&self, folder: &Folder) -> Result<String, Failure> {
        let mut table = String::new();
        for row in &self.table {
            // EXPOSE: the key of the carrier's own table.
            writeln!(table, "{}\t{}", row.account.expose(), row.record.to_text()).unwrap_or_default();
        }
        folder.write("customers.sealed.tsv", table.as_bytes())?;
        // EXPOSE: said once, to the person who asked to keep the folder; it is stored nowhere.
        let passphrase = self.passphrase.expose();
        let at = folder.path().display();
        Ok(format!(
            "Kept in {at}: keys.cpni, guard-data, customers.sealed.tsv. The passphrase of keys.cpni, which is stored nowhere: {passphrase}"
        ))
    }
}
