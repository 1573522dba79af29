"""``zkdeploy completion``: scripts that ask click, each in the way that it has for the shell."""

from __future__ import annotations

import click

from zc.zkdeployment.cli.command import Command

_INSTRUCTIONS = {
    "bash": 'eval "$(zkdeploy completion bash)"  in ~/.bashrc',
    "zsh": 'eval "$(zkdeploy completion zsh)"  in ~/.zshrc, below compinit',
    "fish": "zkdeploy completion fish > ~/.config/fish/completions/zkdeploy.fish",
}

# click's own for bash does not know --option=VALUE, which bash takes for three words.
_BASH = """\
_zkdeploy_completion() {
    local -a words=()
    local each kind value
    for each in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if (( ${#words[@]} > 1 )) && [[ $each == = || ${words[-1]} == --*= ]]; then
            words[-1]+=$each
        else
            words+=("$each")
        fi
    done
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env _ZKDEPLOY_COMPLETE=bash_complete COMP_WORDS="${words[*]}" \\
        COMP_CWORD=$((${#words[@]} - 1)) "$1")
}

complete -o nosort -F _zkdeploy_completion zkdeploy
"""

# click's own for zsh puts VALUE in the place of --option=VALUE.
_ZSH = """\
#compdef zkdeploy

_zkdeploy_completion() {
    (( $+commands[zkdeploy] )) || return 1
    local -a answers described plain
    local kind value meaning
    answers=("${(@f)$(env _ZKDEPLOY_COMPLETE=zsh_complete COMP_WORDS="${words[*]}" \\
        COMP_CWORD=$((CURRENT - 1)) zkdeploy)}")
    compset -P 1 '--*='
    for kind value meaning in "${(@)answers}"; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain)
                if [[ $meaning == _ ]]; then
                    plain+=("$value")
                else
                    described+=("$value:$meaning")
                fi
                ;;
        esac
    done
    if (( $#described )); then _describe -V meanings described; fi
    if (( $#plain )); then compadd -V values -a plain; fi
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _zkdeploy_completion "$@" # found as a file below fpath
else
    compdef _zkdeploy_completion zkdeploy
fi
"""

# click's own for fish ends a meaning at its first comma, and does not know --option=VALUE.
_FISH = """\
function _zkdeploy_completion
    set -l option (string match --regex '^--[^=]+=' -- (commandline -t))
    set -l answers (env _ZKDEPLOY_COMPLETE=fish_complete COMP_WORDS=(commandline -cp) \\
        COMP_CWORD=(commandline -t) zkdeploy)
    for each in $answers
        set -l parts (string split --max 1 , -- $each)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2] | string replace --regex -- '^' "$option"
            case file
                __fish_complete_path $parts[2] | string replace --regex -- '^' "$option"
            case plain
                echo "$option$parts[2]"
        end
    end
end

complete --no-files --command zkdeploy --arguments "(_zkdeploy_completion)"
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command("completion", cls=Command, examples=tuple(_INSTRUCTIONS.values()))
@click.argument("shell", type=click.Choice(tuple(_INSTRUCTIONS)))
def completion(shell: str) -> None:
    """Print a script for the Tab key to complete commands.

    Follow the example for your shell, then start a new one.
    """
    click.echo(f"# To use it: {_INSTRUCTIONS[shell]}")
    click.echo(_SCRIPTS[shell], nl=False)
