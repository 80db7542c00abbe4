//! What a training shows while it runs: burn's dashboard in a terminal, plain lines elsewhere.

use face8x_core::Result;

use super::figures::ValidationFigures;

/// Shows the course of a training.
pub enum Show {
    Lines,
    #[cfg(feature = "dashboard")]
    Dashboard(Box<terminal::Dashboard>),
}

impl Show {
    /// The dashboard where standard output is a terminal and `wanted`, lines elsewhere. The
    /// training starts at step `first` of `total`; an epoch has `per_epoch`.
    pub fn new(wanted: bool, first: u64, total: u64, per_epoch: f64) -> Self {
        #[cfg(feature = "dashboard")]
        if wanted && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            let dashboard = terminal::Dashboard::new(first, total, per_epoch);
            return Show::Dashboard(Box::new(dashboard));
        }
        if wanted {
            log::info!(
                "{total} steps, {:.1} epochs, from step {first}",
                total as f64 / per_epoch
            );
        }
        Show::Lines
    }

    /// A step is done; `loss` every tenth time. Whether to go on.
    ///
    /// # Errors
    /// The user broke it off at once.
    // Lines say nothing of single steps.
    #[cfg_attr(not(feature = "dashboard"), expect(unused_variables))]
    pub fn step(&mut self, step: u64, loss: Option<f64>) -> Result<bool> {
        match self {
            Show::Lines => Ok(true),
            #[cfg(feature = "dashboard")]
            Show::Dashboard(dashboard) => dashboard.step(step, loss),
        }
    }

    /// A validation is done.
    ///
    /// # Errors
    /// The user broke it off at once.
    pub fn figures(&mut self, figures: &ValidationFigures, total: u64) -> Result<()> {
        match self {
            Show::Lines => {
                log::info!("step {}/{total} {}", figures.step, figures.line());
                Ok(())
            }
            #[cfg(feature = "dashboard")]
            Show::Dashboard(dashboard) => dashboard.figures(figures),
        }
    }
}

#[cfg(feature = "dashboard")]
mod terminal {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    use burn::train::Interrupter;
    use burn::train::logger::TrainingProgressLogger;
    use burn::train::metric::{
        MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry,
        SerializedEntry,
    };
    use burn::train::renderer::tui::TuiMetricsRendererWrapper;
    use burn::train::renderer::{MetricState, MetricsRenderer, MetricsRendererTraining};
    use face8x_core::{Error, Result};

    use super::super::figures::{NAMES, ValidationFigures};

    /// burn's dashboard.
    pub struct Dashboard {
        renderer: TuiMetricsRendererWrapper,
        interrupter: Interrupter,
        per_epoch: f64,
    }

    impl Dashboard {
        pub fn new(first: u64, total: u64, per_epoch: f64) -> Self {
            let interrupter = Interrupter::new();
            let mut renderer = TuiMetricsRendererWrapper::new(interrupter.clone(), None);
            for name in NAMES.iter().skip(3) {
                let higher_is_better = !["loss", "learning_rate"].contains(name);
                renderer.register_metric(MetricDefinition {
                    metric_id: id(name),
                    name: Arc::new((*name).to_owned()),
                    description: None,
                    attributes: MetricAttributes::Numeric(NumericAttributes {
                        unit: None,
                        higher_is_better,
                    }),
                });
            }
            let epochs = (total as f64 / per_epoch).ceil() as usize;
            let epoch = (first as f64 / per_epoch) as usize;
            renderer.start(epochs, epoch + 1, None, Some("training"));
            renderer.start_split("train", per_epoch.ceil() as usize);
            Dashboard {
                renderer,
                interrupter,
                per_epoch,
            }
        }

        pub fn step(&mut self, step: u64, loss: Option<f64>) -> Result<bool> {
            let (done, per_epoch) = (step as f64 / self.per_epoch, self.per_epoch);
            self.quietly(|renderer| {
                if let Some(loss) = loss {
                    renderer.update_train(state("loss", loss));
                }
                renderer.update_epoch(done as usize);
                renderer.update_split((done.fract() * per_epoch) as usize);
            })?;
            Ok(!self.interrupter.should_stop())
        }

        pub fn figures(&mut self, figures: &ValidationFigures) -> Result<()> {
            self.quietly(|renderer| {
                for (name, value) in NAMES.iter().zip(figures.values()).skip(4) {
                    if !value.is_nan() {
                        renderer.update_valid(state(name, value));
                    }
                }
            })
        }

        /// The renderer panics when the user asks it to end the program at once; a training ends
        /// with an error instead, so that files in the making are removed.
        fn quietly(&mut self, show: impl FnOnce(&mut TuiMetricsRendererWrapper)) -> Result<()> {
            catch_unwind(AssertUnwindSafe(|| show(&mut self.renderer)))
                .map_err(|_| Error::other("the training was interrupted"))
        }
    }

    fn id(name: &str) -> MetricId {
        MetricId::new(Arc::new(name.to_owned()))
    }

    fn state(name: &str, value: f64) -> MetricState {
        let entry = SerializedEntry::new(format!("{value:.5}"), value.to_string());
        let entry = MetricEntry::new(id(name), entry);
        MetricState::Numeric(entry, Some(NumericEntry::Value(value)))
    }
}
