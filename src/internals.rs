//! What the programs that test or measure face8x reach of its inside: the soak, the fuzz targets, the
//! virtual board, benchmarks and integration tests. Nothing here is stable; an application of its own
//! builds on `face8x-core`.

pub mod bench {
    pub use crate::bench::{BenchReport, CsvExporter, Exporter, MarkdownExporter, comparison};
}

pub mod capture {
    pub use crate::capture::{Capture, ReadError, Source, SourceOptions, demo, mjpeg, open};
}

pub mod compose {
    pub use crate::compose::{
        ComposeOptions, Composer, InfoValues, Restored, Rotation, Scene, View,
    };
}

pub mod config {
    pub use crate::config::{DetectorOptions, RestorerOptions, RunOptions};
}

pub mod display {
    pub use crate::display::{Audience, Opened, Sink, SinkOptions, UserEvent, open, open_auto};
}

pub mod host {
    pub use crate::host::board::{self, Board};
    pub use crate::host::button::ButtonOptions;
    pub use crate::host::status::{Fault, MetricsServer, Monitor, RunCounters, RunIdentity};
}

pub mod photo {
    pub use crate::photo::load;
}

pub mod picture {
    pub use crate::picture::Picture;
}

pub mod pipeline {
    pub use crate::pipeline::{LoopStep, Output, Parts, Pipeline, Stage};
}

pub mod stats {
    pub use crate::stats::Event;
}
