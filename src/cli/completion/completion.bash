# Completion of databricks-kernel for bash 3.2 and later: source <(databricks-kernel completion bash)

_databricks_kernel() {
  local line lines=()
  while IFS='' read -r line; do lines+=("$line"); done < <(databricks-kernel complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  # An empty reply makes bash offer files, unless it is told not to.
  if [[ ${lines[0]-} == :files ]]; then
    compopt -o default 2>/dev/null
    return
  fi
  compopt +o default 2>/dev/null
  for line in ${lines[@]+"${lines[@]}"}; do COMPREPLY+=("${line%%$'\t'*}"); done
}

complete -o default -F _databricks_kernel databricks-kernel
