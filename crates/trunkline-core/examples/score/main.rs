//! The benchmark `score`: how good and how fast scores are, on tables of others, beside what others make of the same rows.
//!
//! `score FOLDER PEERS` reads the tables in FOLDER and what the peers said of the rows kept back, which stands in
//! `PEERS/<table>-<split>.<peer>.txt` as `place probability`. `score synthetic FOLDER` writes a table of ours there.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods
)] // it measures, and tells what it measured

mod chance;
mod data;
mod figures;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use data::{Rows, SYNTHETIC, TABLES, Table};
use figures::{Figures, mean};
use trunkline_core::scoring::{FeatureSet, Features, Label, Lesson, Model, Posted};

type AnyError = Box<dyn std::error::Error>;

/// What judges beside ours, as their files are named.
const PEERS: [(&str, &str); 2] = [("lr", "scikit-learn LR"), ("xgb", "XGBoost")];
/// Random splits of each table.
const SPLITS: u64 = 5;
/// Scores that are timed one by one.
const TIMED: usize = 200_000;
/// Outcomes from which the model is made again.
const REPLAYED: usize = 100_000;
/// The highest calibration error, also when the world changes; the least AUC then; the longest times.
const ERROR_BAR: f64 = 0.03;
const DRIFT_ERROR_BAR: f64 = 0.02;
const DRIFT_AUC_BAR: f64 = 0.78;
const SCORE_BAR_NS: f64 = 20_000.0;
const REPLAY_BAR_MS: f64 = 2_000.0;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match arguments.as_slice() {
        [what, folder] if what.as_os_str() == "synthetic" => {
            chance::write(&folder.join(SYNTHETIC.file))
        }
        [folder, peers] => judge(folder, peers),
        _ => Err("write the folder of the tables and that of the peers".into()),
    }
}

/// All that goes into the line at the end.
#[derive(Default)]
struct Line {
    parts: Vec<String>,
    missed: Vec<String>,
    /// The widest distance of ours behind the best of the peers.
    auc_gap: f64,
    calibration_error: f64,
    score_p99_us: f64,
}

impl Line {
    fn part(&mut self, key: &str, value: f64, digits: usize) {
        self.parts.push(format!("\"{key}\": {value:.digits$}"));
    }

    /// Tells a bar and whether it is met.
    fn bar(&mut self, what: &str, value: f64, bar: f64, is_least: bool) {
        let is_met = if is_least { value >= bar } else { value <= bar };
        let (sign, word) = (
            if is_least { ">=" } else { "<=" },
            if is_met { "met" } else { "missed" },
        );
        println!("bar {what}: {value:.4} {sign} {bar}: {word}");
        if !is_met {
            self.missed.push(format!("\"{what}\""));
        }
    }
}

fn judge(folder: &Path, peers: &Path) -> Result<(), AnyError> {
    let is_synthetic = folder.join(SYNTHETIC.file).exists();
    let tables: &[Table] = if is_synthetic { &[SYNTHETIC] } else { &TABLES };
    let mut line = Line {
        auc_gap: f64::NEG_INFINITY,
        ..Line::default()
    };
    println!(
        "| table | who | AUC | log loss | calibration error | score p50 ns | p99 ns | update ns |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut read = Vec::new();
    for table in tables {
        let rows = Rows::read(folder, table)?;
        table_of(table, &rows, peers, &mut line)?;
        read.push(rows);
    }
    drift(&read[0], peers, tables[0].name, &mut line)?;
    replay(&read[0], &mut line)?;
    let (gap, error, p99) = (line.auc_gap, line.calibration_error, line.score_p99_us);
    line.bar("auc_gap", gap, 0.01, false);
    line.part("auc_gap", gap, 4);
    line.part("calibration_error", error, 4);
    line.part("score_p99_us", p99, 2);
    println!(
        "{{{}, \"synthetic\": {is_synthetic}, \"missed\": [{}]}}",
        line.parts.join(", "),
        line.missed.join(", ")
    );
    Ok(())
}

/// A table by random splits: seven of ten rows to learn from, the rest to be judged on. Figures are means over the splits.
fn table_of(table: &Table, rows: &Rows, peers: &Path, line: &mut Line) -> Result<(), AnyError> {
    let sets = rows.all();
    let name = table.name;
    let (mut several, mut once, mut theirs) = (Vec::new(), Vec::new(), [const { Vec::new() }; 2]);
    let mut last = Model::default();
    for split in 0..SPLITS {
        let (train, test) = rows.split(split);
        let judged = |model: &Model| {
            let told = |row: &usize| (model.score(&sets[*row]).probability, rows.outcomes[*row]);
            Figures::of(&test.iter().map(told).collect::<Vec<_>>())
        };
        let known = |row: &usize| (*row as u64, &sets[*row], rows.outcomes[*row]);
        let lessons: Vec<_> = train.iter().map(known).collect();
        last = Model::fitted(&lessons, None);
        several.push(judged(&last));
        once.push(judged(&one_pass(&train, &sets, &rows.outcomes)));
        for ((peer, _), all) in PEERS.iter().zip(&mut theirs) {
            let said = read_peer(peers, &format!("{name}-{split}.{peer}"), rows)?;
            all.push(Figures::of(&said));
        }
    }
    let (p50, p99) = score_times(&last, rows);
    let update = update_time(&sets, &rows.outcomes);
    let (ours, once) = (mean(&several), mean(&once));
    println!(
        "| {name} | ours | {:.4} | {:.4} | {:.4} | {p50:.0} | {p99:.0} | {update:.0} |",
        ours.auc, ours.log_loss, ours.calibration_error
    );
    tell(name, "ours, told once", once);
    for ((peer, label), all) in PEERS.iter().zip(&theirs) {
        let theirs = mean(all);
        tell(name, label, theirs);
        line.auc_gap = line.auc_gap.max(theirs.auc - ours.auc);
        line.part(&format!("{name}_auc_{peer}"), theirs.auc, 4);
        line.part(&format!("{name}_log_loss_{peer}"), theirs.log_loss, 4);
    }
    line.calibration_error = line.calibration_error.max(ours.calibration_error);
    line.score_p99_us = line.score_p99_us.max(p99 / 1_000.0);
    line.part(&format!("{name}_auc"), ours.auc, 4);
    line.part(&format!("{name}_log_loss"), ours.log_loss, 4);
    line.part(
        &format!("{name}_calibration_error"),
        ours.calibration_error,
        4,
    );
    line.part(&format!("{name}_score_p50_ns"), p50, 0);
    line.part(&format!("{name}_score_p99_ns"), p99, 0);
    line.part(&format!("{name}_update_ns"), update, 0);
    line.bar(&format!("{name}_auc"), ours.auc, table.bars.0, true);
    if let Some(most) = table.bars.1 {
        line.bar(&format!("{name}_log_loss"), ours.log_loss, most, false);
    }
    line.bar(
        &format!("{name}_calibration_error"),
        ours.calibration_error,
        ERROR_BAR,
        false,
    );
    line.bar(&format!("{name}_score_p99_ns"), p99, SCORE_BAR_NS, false);
    line.bar(&format!("{name}_update_ns"), update, SCORE_BAR_NS, false);
    Ok(())
}

fn tell(table: &str, who: &str, figures: Figures) {
    println!(
        "| {table} | {who} | {:.4} | {:.4} | {:.4} | | | |",
        figures.auc, figures.log_loss, figures.calibration_error
    );
}

fn lesson(row: usize, set: &FeatureSet, yes: bool) -> Lesson<'_> {
    Lesson {
        key: row as u64,
        features: set,
        label: if yes { Label::Yes } else { Label::No },
    }
}

fn one_pass(rows: &[usize], sets: &[FeatureSet], outcomes: &[bool]) -> Model {
    let mut model = Model::default();
    for row in rows {
        model.learn(&lesson(*row, &sets[*row], outcomes[*row]));
    }
    model
}

/// Half and 99 in 100 scores take so many nanoseconds, from texts and numbers to a verdict with reasons.
fn score_times(model: &Model, rows: &Rows) -> (f64, f64) {
    let mut features = Features::<Posted>::new();
    let mut took: Vec<u64> = Vec::with_capacity(TIMED);
    for n in 0..TIMED {
        let began = Instant::now();
        features.clear();
        rows.features(n % rows.len(), &mut features);
        black_box(model.score(black_box(features.known())));
        took.push(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    took.sort_unstable();
    (took[TIMED / 2] as f64, took[TIMED * 99 / 100] as f64)
}

/// The mean of learning an outcome, in nanoseconds, the making anew of steps and tiers included.
fn update_time(sets: &[FeatureSet], outcomes: &[bool]) -> f64 {
    let mut model = Model::default();
    let began = Instant::now();
    for (row, (set, yes)) in sets.iter().zip(outcomes).enumerate() {
        black_box(model.learn(&lesson(row, set, *yes)));
    }
    began.elapsed().as_nanos() as f64 / sets.len() as f64
}

/// The rows in the order of time: learned one by one, and judged over the last three of ten, each before it is learned.
/// Beside it the peers, which learn from the first seven of ten and then stand still.
fn drift(rows: &Rows, peers: &Path, table: &str, line: &mut Line) -> Result<(), AnyError> {
    let sets = rows.all();
    let from = rows.len() * 7 / 10;
    let mut model = Model::default();
    let mut told = Vec::new();
    for (row, (set, yes)) in sets.iter().zip(&rows.outcomes).enumerate() {
        if row >= from {
            told.push((model.score(set).probability, *yes));
        }
        model.learn(&lesson(row, set, *yes));
    }
    let ours = Figures::of(&told);
    tell("in time", "ours, row by row", ours);
    let lessons: Vec<_> = (0..from)
        .map(|row| (row as u64, &sets[row], rows.outcomes[row]))
        .collect();
    let frozen = Model::fitted(&lessons, None);
    let told: Vec<(f64, bool)> = (from..rows.len())
        .map(|row| (frozen.score(&sets[row]).probability, rows.outcomes[row]))
        .collect();
    tell("in time", "ours, standing still", Figures::of(&told));
    for (peer, label) in PEERS {
        let theirs = Figures::of(&read_peer(peers, &format!("{table}-in-time.{peer}"), rows)?);
        tell("in time", &format!("{label}, standing still"), theirs);
        line.part(&format!("drift_auc_{peer}"), theirs.auc, 4);
    }
    line.part("drift_auc", ours.auc, 4);
    line.part("drift_log_loss", ours.log_loss, 4);
    line.part("drift_calibration_error", ours.calibration_error, 4);
    line.bar("drift_auc", ours.auc, DRIFT_AUC_BAR, true);
    line.bar(
        "drift_calibration_error",
        ours.calibration_error,
        DRIFT_ERROR_BAR,
        false,
    );
    Ok(())
}

/// A model made again from 100,000 outcomes as they are stored, reading them included, and from a snapshot.
fn replay(rows: &Rows, line: &mut Line) -> Result<(), AnyError> {
    let sets = rows.all();
    let stored: Vec<(String, bool)> = (0..REPLAYED)
        .map(|n| n % rows.len())
        .map(|row| Ok((serde_json::to_string(&sets[row])?, rows.outcomes[row])))
        .collect::<Result<_, AnyError>>()?;
    let began = Instant::now();
    let mut model = Model::default();
    for (row, (document, yes)) in stored.iter().enumerate() {
        let set: FeatureSet = serde_json::from_str(document)?;
        model.learn(&lesson(row, &set, *yes));
    }
    let replay_ms = began.elapsed().as_secs_f64() * 1_000.0;
    line.part("replay_ms", replay_ms, 0);
    line.bar("replay_ms", replay_ms, REPLAY_BAR_MS, false);
    Ok(())
}

/// What a peer said of the rows it was judged on.
fn read_peer(peers: &Path, name: &str, rows: &Rows) -> Result<Vec<(f64, bool)>, AnyError> {
    let path = peers.join(format!("{name}.txt"));
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let line = |line: &str| {
        let (row, probability) = line.split_once(' ').ok_or("a line without a blank")?;
        let row: usize = row.parse()?;
        Ok((probability.parse()?, rows.outcomes[row]))
    };
    text.lines().map(line).collect()
}
