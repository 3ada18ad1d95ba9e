# What deploy/backup and deploy/restore share; read by both.

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

usage() { # the head of the script itself
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1" >&2
    exit 2
}

set_in() { # set_in NAME: what an .env on standard input sets it to, without quotes
    sed -n "s/^$1=//p" | tail -1 | sed "s/^\(['\"]\)\(.*\)\1\$/\2/"
}

from_env() { # from_env NAME DEFAULT [TEXT]: as docker compose finds it; TEXT is an .env that is not there yet
    local given=${!1:-} text=${3-}
    [ ! -e .env ] || text=$(< .env)
    [ -n "$given" ] || given=$(set_in "$1" <<< "$text")
    printf '%s' "${given:-$2}"
}

have_files() { # fails where a file is not there that the deployment is made of: found before anything is stopped
    local settled each
    settled=$(docker compose config) || fail "docker compose cannot read its files"
    while IFS= read -r each; do
        [ -e "$each" ] || fail "$each is not there, which a service is given"
    done < <(sed -n '/type: bind$/{n;s/^ *source: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p}' <<< "$settled")
    while IFS= read -r each; do
        [ -f "$each" ] && [ -s "$each" ] || fail "$each is not there, a secret that a service is given"
    done < <(sed -n '/^secrets:$/,/^[^ ]/s/^ *file: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' <<< "$settled")
}

say_files() { # which compose files all of it goes by: those that .env names, as for every other command
    echo "compose files: $(from_env COMPOSE_FILE 'docker-compose.yml (COMPOSE_FILE in .env names no others)')" >&2
}

secrets_folder() { from_env GOLEM_SECRETS deploy/.secrets "${1-}"; } # secrets_folder [TEXT]

project() { docker compose config | sed -n 's/^name: //p'; }

image() { # the image with deploy.sealed in it, made where it is missing
    local name
    name=$(from_env GOLEM_IMAGES good-golem)/golem:$(from_env GOLEM_VERSION dev)
    docker image inspect "$name" > /dev/null 2>&1 ||
        docker build --quiet --file deploy/Dockerfile --target golem --tag "$name" . > /dev/null
    printf '%s' "$name"
}

sealed() { # sealed [IDENTITY-FILE] COMMAND...: python -m deploy.sealed, without network, as who calls
    local mount=()
    if [ "$1" = --identity ]; then
        mount=(--volume "$(cd "$(dirname "$2")" && pwd)/$(basename "$2"):/identity:ro")
        shift 2
    fi
    docker run --rm --interactive --network none --read-only --cap-drop ALL --user "$(id -u):$(id -g)" \
        "${mount[@]+"${mount[@]}"}" --entrypoint python "$(image)" -m deploy.sealed "$@"
}

seal() { sealed seal "$1"; }

open() { # open IDENTITY-FILE
    sealed --identity "$1" open /identity
}

check_recipient() { # a slip of the pen is found before anything is stopped
    seal "$1" < /dev/null > /dev/null || fail "$1 is no recipient: it begins with age1"
}

sums() { if command -v sha256sum > /dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

verify() { # verify BACKUP [IDENTITY]: fails where a byte is not as it was written
    [ -f "$1/SHA256SUMS" ] || fail "$1 is no backup"
    (cd "$1" && sums --check SHA256SUMS > /dev/null) || fail "$1 is damaged: its checksums are others"
    [ $# = 1 ] || [ -f "$2" ] || fail "$2 is not there"
    [ $# = 1 ] || for each in "$1"/*.age; do
        open "$2" < "$each" | gzip -t || fail "$each cannot be opened with this identity"
    done
}

in_mongo() { # a command beside the database's volume, as the user whose files lie there; no server runs
    docker compose run --rm -T --no-deps --entrypoint "$1" mongo "${@:2}"
}

# In the container of the database: the tools take a password from a file, not from the list of processes.
root_login='umask 077; printf "username: root\nauthenticationDatabase: admin\npassword: %s\n" "$(cat /run/secrets/mongodb_root_password)" > /tmp/login'
