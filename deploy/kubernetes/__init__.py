"""The manifests for a cluster: made here, as data, from the list of services; written beside this file and committed.

    python -m deploy.kubernetes      writes them anew; a test holds the files to it

They are the containers of docker-compose.yml with the same images, users, secrets and rights: `base` is what every
cluster runs, `release` puts one name and one version into all images and the names of the jobs, `monitoring` is for the
Prometheus operator. Broker and database are not in them: a cluster brings its own, named in `site`, which is written by
hand and copied for each cluster.
"""
