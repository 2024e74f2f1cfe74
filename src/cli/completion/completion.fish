# Completion of databricks-kernel for fish: databricks-kernel completion fish | source

function __databricks_kernel_offer
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (databricks-kernel complete -- $words[2..] "$current" 2>/dev/null)
    if test "$lines[1]" = ':files'
        __fish_complete_path "$current"
    else
        printf '%s\n' $lines
    end
end

complete -c databricks-kernel -f -a '(__databricks_kernel_offer)'
