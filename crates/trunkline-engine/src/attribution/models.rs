//! The models in force, in memory: replaced whole when a site's calls taught a new one, so that a call never
//! waits for one to be swapped.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use trunkline_core::attribution::Model;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{ModelId, SiteId};
use trunkline_core::visitor::Device;

use crate::ports::labels::FittedModel;

/// A model that credits calls.
#[derive(Debug, Default)]
pub(super) struct InForce {
    /// The fitted model; `None`: the one for new sites.
    pub(super) id: Option<ModelId>,
    pub(super) fitted_at: Option<Timestamp>,
    pub(super) model: Model,
}

/// The model in force of every site. Clones share it.
#[derive(Clone, Default)]
pub struct SharedModels(Arc<ArcSwap<Models>>);

#[derive(Default)]
struct Models {
    fitted: HashMap<SiteId, Arc<InForce>>,
    /// For sites that taught nothing yet.
    new: Arc<InForce>,
}

impl SharedModels {
    /// The model of a site, or the one for new sites.
    pub(super) fn of(&self, site: Option<SiteId>) -> Arc<InForce> {
        let models = self.0.load();
        let fitted = site.and_then(|site| models.fitted.get(&site));
        Arc::clone(fitted.unwrap_or(&models.new))
    }

    /// When the model of a site was fitted; `None`: it has the one for new sites.
    #[must_use]
    pub fn fitted_at(&self, site: SiteId) -> Option<Timestamp> {
        self.of(Some(site)).fitted_at
    }

    /// The fitted model of a site, with the labels it learned from.
    #[must_use]
    pub fn fitted(&self, site: SiteId) -> Option<(ModelId, Timestamp, u32)> {
        let in_force = self.of(Some(site));
        let (id, at) = in_force.id.zip(in_force.fitted_at)?;
        Some((id, at, in_force.model.labels))
    }

    /// How the chance of a call falls with the time off the screen, see [`Model::delay_curve`].
    #[must_use]
    pub fn delay_curve(&self, site: SiteId, device: Device) -> Vec<(i64, f64)> {
        self.of(Some(site)).model.delay_curve(device)
    }

    /// A copy of the model in force.
    #[must_use]
    pub fn model(&self, site: SiteId) -> Model {
        self.of(Some(site)).model.clone()
    }

    /// Puts fitted models into force from the next call on.
    pub fn put(&self, fitted: Vec<FittedModel>) {
        let new: Vec<(SiteId, Arc<InForce>)> = fitted
            .into_iter()
            .map(|f| {
                let in_force = InForce {
                    id: Some(f.id),
                    fitted_at: Some(f.fitted_at),
                    model: f.model,
                };
                (f.site, Arc::new(in_force))
            })
            .collect();
        self.0.rcu(|models| {
            let mut fitted = models.fitted.clone();
            fitted.extend(new.iter().cloned());
            Models {
                fitted,
                new: Arc::clone(&models.new),
            }
        });
    }
}
