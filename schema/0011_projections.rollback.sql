DROP TABLE projection.folds;

DROP TABLE projection.projections;
