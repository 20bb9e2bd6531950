//! The file as it is worked on: documents in, documents to send out, what became of them in again.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::dropping::{Drops, Room};
use super::error::QueueError;
use super::queued::{Loaded, Number, Queued, TargetId, Verdict};
use super::schema;
use crate::forward::target_name;

/// The file of a queue.
#[derive(Debug)]
pub(super) struct QueueFile {
    connection: Connection,
    room: Room,
    targets: Vec<TargetId>,
    last: Number,
}

/// How many documents wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// For each target that was named.
    pub(super) of_targets: BTreeMap<TargetId, u64>,
    /// For others, by their names.
    pub(super) of_others: Vec<(String, u64)>,
}

impl QueueFile {
    /// Opens the file for these targets, by their names. A target that the file does not know has everything that waits there
    /// before it; one that an earlier version knew by another name has what waits for that.
    pub(super) fn open(path: &Path, bytes: u64, targets: &[&str]) -> Result<Self, QueueError> {
        let mut connection = schema::open(path)?;
        let transaction = connection.transaction()?;
        let targets = targets.iter().map(|name| find_target(&transaction, name)).collect::<Result<_, _>>()?;
        let last =
            transaction.query_row("SELECT coalesce(max(number), 0) FROM queued", [], |row| row.get(0))?;
        transaction.commit()?;
        Ok(Self { connection, room: Room::of(path, bytes), targets, last })
    }

    /// The targets, in the order in which they were named.
    pub(super) fn targets(&self) -> &[TargetId] {
        &self.targets
    }

    /// The latest document's number.
    pub(super) fn last(&self) -> Number {
        self.last
    }

    /// How many documents wait.
    pub(super) fn waiting(&self) -> Result<Waiting, QueueError> {
        let mut select = self.connection.prepare(
            "SELECT target, name, count(*) FROM waiting JOIN targets USING (target) GROUP BY target ORDER BY target",
        )?;
        let rows =
            select.query_map([], |row| Ok((TargetId(row.get(0)?), row.get(1)?, row.get::<_, i64>(2)?)))?;
        let of_targets = self.targets.iter().map(|target| (*target, 0)).collect();
        let mut waiting = Waiting { of_targets, of_others: Vec::new() };
        for row in rows {
            let (target, name, count) = row?;
            match waiting.of_targets.get_mut(&target) {
                Some(of_target) => *of_target = count.unsigned_abs(),
                None => waiting.of_others.push((name, count.unsigned_abs())),
            }
        }
        Ok(waiting)
    }

    /// Whether there is room on the disk for documents.
    pub(super) fn has_room(&self) -> bool {
        // What cannot be asked now is told by the transaction.
        self.room.is_on_disk(&self.connection).unwrap_or(true)
    }

    /// As if the disk had no more than so much left.
    #[cfg(test)]
    pub(super) fn leave(&mut self, bytes: u64) {
        self.room.leave(bytes);
    }

    /// Takes documents and verdicts in one transaction. Returns what was dropped for them, and how many documents of each verdict
    /// still waited for its target.
    pub(super) fn work(
        &mut self,
        documents: impl IntoIterator<Item = impl AsRef<str>>,
        verdicts: &[Verdict],
    ) -> Result<(Drops, Vec<u64>), QueueError> {
        let transaction = self.connection.transaction()?;
        // First what makes room.
        let settled =
            verdicts.iter().map(|verdict| settle(&transaction, verdict)).collect::<Result<_, _>>()?;
        let mut drops = Drops::default();
        let mut last = self.last;
        let mut unchecked = 0;
        for text in documents {
            last += 1;
            unchecked += append(&transaction, last, text.as_ref(), &self.targets)?;
            if self.room.is_worth_a_look(unchecked) {
                self.room.make(&transaction, &mut drops)?;
                unchecked = 0;
            }
        }
        if unchecked > 0 {
            self.room.make(&transaction, &mut drops)?;
        }
        transaction.commit()?;
        self.last = last;
        Ok((drops, settled))
    }

    /// The next documents of a target: at most so many, and of at most so many bytes unless it is one.
    pub(super) fn load(
        &self,
        target: TargetId,
        after: Number,
        most: usize,
        most_bytes: usize,
    ) -> Result<Loaded, QueueError> {
        let mut select = self.connection.prepare_cached(
            "SELECT number, text FROM waiting JOIN queued USING (number) WHERE number > ?1 AND target = ?2 ORDER BY number",
        )?;
        let mut rows = select.query((after, target.0))?;
        let (mut documents, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let queued = Queued { number: row.get(0)?, text: row.get(1)? };
            bytes += queued.text.len();
            if documents.len() == most || (bytes > most_bytes && !documents.is_empty()) {
                // There is more: what was loaded is all up to the last of it.
                let up_to = documents.last().map_or(after, |last: &Queued| last.number);
                return Ok(Loaded { documents, up_to });
            }
            documents.push(queued);
        }
        Ok(Loaded { documents, up_to: self.last })
    }

    /// Those of the documents that still wait for the target.
    pub(super) fn reload(&self, target: TargetId, numbers: &[Number]) -> Result<Vec<Queued>, QueueError> {
        let mut select = self.connection.prepare_cached(
            "SELECT text FROM waiting JOIN queued USING (number) WHERE number = ?1 AND target = ?2",
        )?;
        let mut documents = Vec::with_capacity(numbers.len());
        for &number in numbers {
            let text = select.query_row((number, target.0), |row| row.get(0)).optional()?;
            documents.extend(text.map(|text| Queued { number, text }));
        }
        Ok(documents)
    }

    /// Gives back to the file system what is not needed any more; whether there is more of that.
    pub(super) fn tidy(&self) -> Result<bool, QueueError> {
        self.room.shrink(&self.connection)
    }

    /// The bytes of the file that are in use.
    #[cfg(test)]
    pub(super) fn used(&self) -> u64 {
        Room::used(&self.connection).unwrap()
    }
}

fn find_target(transaction: &Transaction<'_>, name: &str) -> Result<TargetId, QueueError> {
    let mut earlier = earlier_names(transaction, name)?.into_iter();
    let find = "SELECT target FROM targets WHERE name = ?1";
    let known = transaction.query_row(find, [name], |row| row.get(0)).optional()?;
    let target = match known.or_else(|| earlier.next()) {
        Some(known) => {
            transaction.execute("UPDATE targets SET name = ?2 WHERE target = ?1", (known, name))?;
            known
        }
        None => {
            transaction.execute("INSERT INTO targets (name) VALUES (?1)", [name])?;
            let new = transaction.last_insert_rowid();
            transaction.execute("INSERT INTO waiting SELECT number, ?1 FROM queued", [new])?;
            new
        }
    };
    for other in earlier {
        let adopt = "INSERT OR IGNORE INTO waiting SELECT number, ?2 FROM waiting WHERE target = ?1";
        transaction.execute(adopt, (other, target))?;
        transaction.execute("DELETE FROM waiting WHERE target = ?1", [other])?;
        transaction.execute("DELETE FROM targets WHERE target = ?1", [other])?;
    }
    Ok(TargetId(target))
}

/// Targets that earlier versions of this program had for what has this name now.
fn earlier_names(transaction: &Transaction<'_>, name: &str) -> Result<Vec<i64>, QueueError> {
    let mut select = transaction.prepare("SELECT target, name FROM targets ORDER BY target")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let targets: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    let is_earlier = |(_, earlier): &(i64, String)| target_name::was(earlier, name);
    Ok(targets.into_iter().filter(is_earlier).map(|(target, _)| target).collect())
}

/// Returns the bytes of it.
fn append(
    transaction: &Transaction<'_>,
    number: Number,
    text: &str,
    targets: &[TargetId],
) -> Result<u64, QueueError> {
    transaction
        .prepare_cached("INSERT INTO queued (number, text) VALUES (?1, ?2)")?
        .execute((number, text))?;
    let mut insert = transaction.prepare_cached("INSERT INTO waiting (number, target) VALUES (?1, ?2)")?;
    for target in targets {
        insert.execute((number, target.0))?;
    }
    Ok(text.len() as u64)
}

/// Forgets that the target waits; returns for how many documents it still did.
fn settle(transaction: &Transaction<'_>, verdict: &Verdict) -> Result<u64, QueueError> {
    let mut had = transaction.prepare_cached("DELETE FROM waiting WHERE number = ?1 AND target = ?2")?;
    let mut forget = transaction.prepare_cached(
        "DELETE FROM queued WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM waiting WHERE number = ?1)",
    )?;
    let mut waited = 0;
    for &number in &verdict.numbers {
        waited += had.execute((number, verdict.target.0))? as u64;
        forget.execute([number])?;
    }
    Ok(waited)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(file: &QueueFile) -> Vec<u64> {
        file.waiting().unwrap().of_targets.into_values().collect()
    }

    #[test]
    fn what_waits_under_the_names_of_an_earlier_version_is_had_by_the_targets_of_now() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("forward.db");
        // A file as it was written then.
        let names = ["aws", "http://Console:2001/", "http://console:2001//", "http://elsewhere:1"];
        let connection = Connection::open(&path).unwrap();
        let first = include_str!("../../../migrations/queue/0001_queue.sql");
        connection.execute_batch(&format!("{first} PRAGMA user_version = 1;")).unwrap();
        connection.execute("INSERT INTO queued VALUES (1, '{}'), (2, '{}'), (3, '{}')", []).unwrap();
        for (name, target) in names.iter().zip(1_i64..) {
            connection.execute("INSERT INTO targets VALUES (?1, ?2)", (target, name)).unwrap();
        }
        connection
            .execute("INSERT INTO waiting VALUES (1, 1), (3, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4)", [])
            .unwrap();
        drop(connection);
        let now = ["aws eu-west-1", "http://console:2001"];
        for _ in 0..2 {
            let file = QueueFile::open(&path, 1 << 20, &now).unwrap();
            assert_eq!(waiting(&file), [2, 3]);
            assert_eq!(file.waiting().unwrap().of_others, [("http://elsewhere:1".to_owned(), 1)]);
            let loaded = file.load(file.targets()[0], 0, 50, 1 << 20).unwrap().documents;
            assert_eq!(loaded.iter().map(|queued| queued.number).collect::<Vec<_>>(), [1, 3]);
        }
        // What was left by an account of less name is not what another one has.
        let file = QueueFile::open(&path, 1 << 20, &["aws eu-west-1 profile=a"]).unwrap();
        assert!(file.waiting().unwrap().of_others.contains(&("aws eu-west-1".to_owned(), 2)));
        drop(file);
        // In another region is another far end, which is new.
        let file = QueueFile::open(&path, 1 << 20, &["aws us-east-1"]).unwrap();
        assert_eq!(waiting(&file), [3]);
        let others: Vec<_> = file.waiting().unwrap().of_others.into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            others,
            ["aws eu-west-1", "http://console:2001", "http://elsewhere:1", "aws eu-west-1 profile=a"]
        );
    }
}
