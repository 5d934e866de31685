//! The machine a figure comes from.

/// Processors, memory and kernel in one line.
pub(super) fn describe() -> String {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let model = field(&text("/proc/cpuinfo"), "model name");
    let memory = field(&text("/proc/meminfo"), "MemTotal");
    let kib: f64 = memory
        .split(' ')
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0.0);
    let kernel = text("/proc/sys/kernel/osrelease");
    format!(
        "{} x {model}, {:.0} GiB, Linux {}",
        processors(),
        kib / 1_048_576.0,
        kernel.trim()
    )
}

/// How many processors there are.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Programs that ran or wanted to, on average over the last minute: what else the machine did before.
pub(super) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|figure| figure.parse().ok())
        .unwrap_or(0.0)
}
