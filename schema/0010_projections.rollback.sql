DROP TABLE projection.sources;

DROP TABLE projection.projections;
